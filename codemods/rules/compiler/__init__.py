"""Rules about what the compiler and C functions leave to be freed by hand."""
