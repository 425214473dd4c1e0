"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Self

from ...errors import InvalidArgumentError, NotSupportedError, bad_argument, refuse_unless_default
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Lambda(Layer):
    """A function of tensors as a layer: it is read once, as the `call` of a class of one's own is.

    Args:
        function: Takes the layer's input, a tensor or a list of several, and gives a tensor made of it with operators
            and `keras.ops`.
        output_shape: Accepted; the shape comes from the function.
        arguments: Further arguments of the function, by name.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: None = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(function):
            raise bad_argument("function", "a function of tensors", function)
        refuse_unless_default("Lambda", {"mask": "let a Masking or Embedding layer make it"}, mask=(mask, None))
        super().__init__(**kwargs)
        self.function = function
        self.arguments = dict(arguments or {})

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The function of the inputs."""
        takes_training = "training" in inspect.signature(self.function).parameters and "training" not in self.arguments
        mode = {"training": training} if takes_training else {}
        return self.function(inputs, **self.arguments, **mode)

    def get_config(self) -> dict[str, Any]:
        """Raises: NotSupportedError, because a function cannot be written without its code."""
        raise NotSupportedError(
            f"{self.name}: a Lambda layer cannot be written to a config, which would have to hold code; save the "
            "weights, save to a file of another ending than .keras, or make it a class of your own"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Raises: ValueError, because a config of Keras's Lambda holds code, and what is in files is never run."""
        raise InvalidArgumentError(
            f"the Lambda layer {config.get('name')} cannot be made from a config: that would run code of a file. "
            "Make the model in Python and load its weights",
            argument="Lambda",
        )
