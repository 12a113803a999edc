"""What a reviewer looks at and decides: hunks, selections, explanations of lines."""
