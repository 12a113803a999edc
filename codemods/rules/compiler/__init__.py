"""Rules about what the compiler and C functions leave behind."""
