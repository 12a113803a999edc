"""Rules about lists and tables, and what they hold."""
