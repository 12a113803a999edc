"""Files, git and patches: read safely, written whole or not at all."""
