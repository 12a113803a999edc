"""How fast tmlfix is, beside two well-known tools on the same machine: ``python -m benchmarks``."""
