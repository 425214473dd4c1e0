"""Which Keras this package has the interface of."""

KERAS_VERSION = "3.15.1"


def version() -> str:
    """The version of Keras whose names, defaults, numbers and files this package has; `leptonai.__version__` is its
    own."""
    return KERAS_VERSION
