"""The version, in a module of its own: files name it, and the package's namespace is above all that writes them."""

__version__ = "0.1.0"
