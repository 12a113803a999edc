"""What the TML compiler frees by itself, and where it stops."""
