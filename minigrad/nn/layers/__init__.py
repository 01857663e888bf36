"""The layers. Each holds its settings and parameters, and calls the function of the same purpose in `functional`."""
