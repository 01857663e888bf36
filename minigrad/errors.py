"""The errors minigrad raises. Each says what was required, what came, and what to do."""


class MinigradError(Exception):
    """Base class of every error of ours."""


class ShapeError(MinigradError, ValueError):
    """Shapes, axes, sizes or counts that are out of their range or do not fit together."""


class PositionError(ShapeError, IndexError):
    """An index beyond the end of an axis or a container; an IndexError, as Python's own protocols expect."""


class DTypeError(MinigradError, TypeError):
    """A dtype, or a Python type, that the operation does not take."""


class DataError(MinigradError, ValueError):
    """Data, files, labels or settings whose content is wrong."""


class DeviceError(MinigradError, RuntimeError):
    """A device that is missing, mixed devices, or a kernel that a device lacks."""


class OutOfMemoryError(DeviceError, MemoryError):
    """Memory that a device does not have."""


class GraphError(MinigradError, RuntimeError):
    """A gradient that cannot be computed from what the tape holds."""


class MinigradWarning(UserWarning):
    """What went well, but not as it should."""
