"""Plain loops, readable and slow: what the kernels for CPU and CUDA are tested against.

Nothing is shared with what it checks, `shapes` included, except the Philox generator, which has published answers of
its own. Sums run in float64 and are rounded once, when they are stored.
"""
