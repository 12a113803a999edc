"""The control-flow graph of a function, and how it is made from the tree."""
