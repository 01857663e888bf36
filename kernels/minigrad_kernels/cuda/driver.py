"""The runtime of a GPU, by Numba CUDA. It was never run: there was no GPU. `docs/cuda.md` says what was checked instead."""
