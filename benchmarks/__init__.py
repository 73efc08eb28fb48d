"""How fast we are beside others; each module runs by itself, as ``python -m benchmarks.NAME``."""
