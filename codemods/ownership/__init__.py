"""Who must release what on which path, and what the compiler releases by itself."""
