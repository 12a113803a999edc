"""How results look: text for people, documents for programs. Decides nothing."""
