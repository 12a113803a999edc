"""What a function does with what it is given, and what it returns."""
