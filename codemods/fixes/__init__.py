"""What a rule may ask about a file, and the edits that rules share."""
