"""How fast tmlfix is, compared with two well-known tools on the same machine: ``python -m benchmarks``."""
