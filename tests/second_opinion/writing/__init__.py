"""Writes TML functions at random: ``kinds`` says what they handle, the writers what they do with it."""
