"""Mutation testing: small faults are put into a module, and the tests must notice them."""
