"""The exit statuses. The README says what each means."""

FOUND = 1
FAILED = 2
INTERRUPTED = 130
"""The exit status that shells use for a command that was interrupted."""
