"""What each file declares, and the types of expressions."""
