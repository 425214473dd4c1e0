"""The exceptions of the SDK, and the one table from the library's statuses to them.

Each class is a `LeptonError` and, where Python has a built-in for the same fault, that built-in too: `except
ValueError` and `except LeptonError` both catch a shape that does not fit.
"""

from typing import Any, ClassVar

__all__ = [
    "CancelledError",
    "CorruptDataError",
    "InputOutputError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidHandleError",
    "InvalidStateError",
    "LeptonError",
    "NonFiniteError",
    "NotFoundError",
    "NotSupportedError",
    "OutOfMemoryError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "ShapeMismatchError",
    "TimedOutError",
    "TypeMismatchError",
]


class LeptonError(Exception):
    """A failure that the SDK reports.

    Attributes:
        status: The number of the library's status, such as 2 for LEPTON_SHAPE_MISMATCH.
        argument: The argument at fault, or None.
        expected: What the call takes there, or None.
        received: What it was given, or None.
    """

    status: ClassVar[int] = 16

    def __init__(
        self,
        message: str = "",
        *,
        argument: str | None = None,
        expected: str | None = None,
        received: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.expected = expected
        self.received = received

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        details = {"argument": self.argument, "expected": self.expected, "received": self.received}
        return _restore, (type(self), self.message, details)


class InvalidArgumentError(LeptonError, ValueError):
    """A value outside its documented range, or an unknown name."""

    status = 1


class ShapeMismatchError(LeptonError, ValueError):
    """Shapes, ranks or lengths that do not fit each other."""

    status = 2


class TypeMismatchError(LeptonError, TypeError):
    """An element type that the call does not take."""

    status = 3


class NotFoundError(LeptonError, FileNotFoundError):
    """A file, name or reference that does not exist."""

    status = 4


class NotSupportedError(LeptonError, NotImplementedError):
    """Something Keras has that this version does not do; the message says what to do instead."""

    status = 5


class InvalidStateError(LeptonError, RuntimeError):
    """Not built, not compiled, busy, or closed."""

    status = 6


class InvalidHandleError(LeptonError, RuntimeError):
    """An object of the library that is no longer there."""

    status = 7


class NonFiniteError(LeptonError, ValueError):
    """NaN or infinity where finite numbers are required."""

    status = 8


class OutOfMemoryError(LeptonError, MemoryError):
    """More memory than there is, or a size that overflows."""

    status = 9


class ResourceExhaustedError(LeptonError, RuntimeError):
    """A resource request that cannot be granted; names the resource, the amount asked and the amount free."""

    status = 10


class CancelledError(LeptonError, KeyboardInterrupt):
    """A call that a cancel token stopped."""

    status = 11


class TimedOutError(LeptonError, TimeoutError):
    """A lease or deadline that passed."""

    status = 12


class InputOutputError(LeptonError, OSError):
    """A read or write that the operating system refused."""

    status = 13


class CorruptDataError(LeptonError, ValueError):
    """Bytes that are not what they claim to be."""

    status = 14


class PermissionDeniedError(LeptonError, PermissionError):
    """Access denied by the system or by ownership."""

    status = 15


class InternalError(LeptonError, RuntimeError):
    """A defect in the library."""

    status = 16


_BY_STATUS: dict[int, type[LeptonError]] = {
    error.status: error
    for error in (
        InvalidArgumentError,
        ShapeMismatchError,
        TypeMismatchError,
        NotFoundError,
        NotSupportedError,
        InvalidStateError,
        InvalidHandleError,
        NonFiniteError,
        OutOfMemoryError,
        ResourceExhaustedError,
        CancelledError,
        TimedOutError,
        InputOutputError,
        CorruptDataError,
        PermissionDeniedError,
        InternalError,
    )
}


def from_status(
    status: int, message: str, argument: str | None, expected: str | None, received: str | None
) -> LeptonError:
    """The exception for a status of the library."""
    error = _BY_STATUS.get(status, InternalError)
    return error(message, argument=argument, expected=expected, received=received)


def bad_argument(
    argument: str, expected: str, received: object, kind: type[LeptonError] = InvalidArgumentError
) -> LeptonError:
    """The usual error for bad input, in the library's words."""
    shown = received if isinstance(received, str) else repr(received)
    if len(shown) > 200:
        shown = shown[:197] + "..."
    return kind(
        f"{argument}: expected {expected}. Received: {shown}", argument=argument, expected=expected, received=shown
    )


def refuse_unless_default(where: str, remedies: dict[str, str], **given: tuple[object, object]) -> None:
    """Raises NotSupportedError for the first argument whose value is not its default.

    Args:
        where: The call, as the user wrote it, such as "fit".
        remedies: What to do instead, by argument name.
        given: (value, default) by argument name.
    """
    for name, (value, default) in given.items():
        if value is default:
            continue
        if isinstance(value, bool | int | float | str | None) and value == default:
            continue
        remedy = remedies.get(name, f"leave it at its default, {default!r}")
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        raise NotSupportedError(
            f"{where}: `{name}={shown}` is not supported by this version; {remedy}",
            argument=name,
            expected=repr(default),
            received=shown,
        )


def _restore(kind: type[LeptonError], message: str, details: dict[str, str | None]) -> LeptonError:
    return kind(message, **details)
