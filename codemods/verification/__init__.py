"""Leaks that were measured: logs, the plan's figures, and the project's own tests before and after."""
