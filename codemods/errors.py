"""The one kind of failure that ends a command with a message instead of a result."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend: the text is one clear line, fit to be shown as it is."""
