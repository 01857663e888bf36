"""Numerical kernels: arrays in, arrays out. The contract is in README.md beside this package."""
