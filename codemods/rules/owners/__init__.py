"""Rules about values that must be released."""
