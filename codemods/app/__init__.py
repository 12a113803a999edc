"""What each command does, step by step: which tree, which settings, which phases."""
