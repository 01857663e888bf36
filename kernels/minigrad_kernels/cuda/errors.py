"""What a runtime raises; of its own, so that whoever catches it need not import a compiler."""


class Unavailable(RuntimeError):  # noqa: N818 - it says so
    """There is no GPU that can be used: the message says what is missing, and how to get it."""
