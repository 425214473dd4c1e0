"""The Lepton SDK: request compute and storage, train Keras-style models on it, predict, and account for the use.

from leptonai import LeptonClient, keras
"""

from ._clash import refuse_other_distribution

refuse_other_distribution()

from typing import TYPE_CHECKING, Any  # noqa: E402

from . import keras  # noqa: E402  the check above comes first
from ._version import __version__  # noqa: E402
from .allocation import Allocation, AllocationEvent  # noqa: E402
from .client import (  # noqa: E402
    CancelToken,
    LeptonClient,
    current_client,
)
from .errors import (  # noqa: E402
    CancelledError,
    CorruptDataError,
    InputOutputError,
    InternalError,
    InvalidArgumentError,
    InvalidHandleError,
    InvalidStateError,
    LeptonError,
    NonFiniteError,
    NotFoundError,
    NotSupportedError,
    OutOfMemoryError,
    PermissionDeniedError,
    ResourceExhaustedError,
    ShapeMismatchError,
    TimedOutError,
    TypeMismatchError,
)

if TYPE_CHECKING:
    from . import plot
    from .allocator import Grant, ResourceAllocator, ResourceRequest, ResourceShape
    from .budget import BudgetStatus, Estimate
    from .store import Encryption, Store
    from .usage import Usage, Utilization

__all__ = [
    "Allocation",
    "AllocationEvent",
    "BudgetStatus",
    "CancelToken",
    "CancelledError",
    "CorruptDataError",
    "Encryption",
    "Estimate",
    "Grant",
    "InputOutputError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidHandleError",
    "InvalidStateError",
    "LeptonClient",
    "LeptonError",
    "NonFiniteError",
    "NotFoundError",
    "NotSupportedError",
    "OutOfMemoryError",
    "PermissionDeniedError",
    "ResourceAllocator",
    "ResourceExhaustedError",
    "ResourceRequest",
    "ResourceShape",
    "ShapeMismatchError",
    "Store",
    "TimedOutError",
    "TypeMismatchError",
    "Usage",
    "Utilization",
    "__version__",
    "current_client",
    "keras",
    "plot",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """The classes of reports are imported when they are first asked for, to keep the start quick."""
        if name in ("Usage", "Utilization"):
            from . import usage

            return getattr(usage, name)
        if name in ("Grant", "ResourceAllocator", "ResourceRequest", "ResourceShape"):
            from . import allocator

            return getattr(allocator, name)
        if name in ("Encryption", "Store"):
            from . import store

            return getattr(store, name)
        if name in ("BudgetStatus", "Estimate"):
            from . import budget

            return getattr(budget, name)
        if name == "plot":
            from importlib import import_module

            return import_module("leptonai.plot")
        raise AttributeError(f"module 'leptonai' has no attribute '{name}'")
