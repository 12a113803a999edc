"""Rules about the `destroy()` of a type."""
