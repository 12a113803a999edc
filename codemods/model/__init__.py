"""The plain data that every layer speaks of: findings, phases, settings, errors, progress."""
