"""`Model`: what every kind of model has in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ...errors import InvalidStateError, NotSupportedError, bad_argument
from .._missing import missing_member
from .._names import automatic_name
from .._seeds import next_model_seed
from ..graph import (
    KerasTensor,
    Operation,
    declared_operations,
    flatten,
    is_symbolic,
    map_structure,
    mode_arguments,
    reading,
)
from ..saving import public
from ..trainers.arguments import Nonfinite, Verbose
from ..trainers.arrays import to_array
from ..trainers.per_output import compile_as
from ..trainers.trainer import Trainer, _current_client
from .persistence import Persistence
from .sharing import Sharing
from .variable import Variable

if TYPE_CHECKING:
    from ..._core import ModelHandle
    from ..callbacks import History


_INSTEAD = {
    "add_loss": "give compile a loss of keras.losses",
    "add_metric": "give compile metrics of keras.metrics",
    "add_weight": "use the layers of keras.layers",
    "call": "call the model itself, or use predict",
    "export": "use save",
    "quantize": "arithmetic is in float32",
    "train_step": "training runs through fit",
    "test_step": "use evaluate",
    "predict_step": "use predict",
    "make_train_function": "training runs through fit",
}


@public("keras")
class Model(Sharing, Trainer, Persistence, Operation):
    """A model: layers, weights, and how it is trained.

    `Model(inputs, outputs)` makes one of the layers between symbolic tensors. A subclass with a method `call` is read
    once, with symbolic tensors, when its first data or `build` says what it takes.

    Args:
        inputs, outputs: As `Functional`.
        name: By default the class's name and a number.

    Several threads may predict with a model at once, also while it is being trained: they see the weights between two
    steps. A second fit of the same model at the same time is refused.
    """

    if not TYPE_CHECKING:
        __getattr__ = missing_member(_INSTEAD)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and (len(args) > 1 or "inputs" in kwargs or "outputs" in kwargs):
            from .functional import Functional

            return super().__new__(Functional)
        return super().__new__(cls)

    def __init__(self, *args: Any, name: str | None = None, trainable: bool = True, **kwargs: Any) -> None:
        Sharing.__init__(self)
        Trainer.__init__(self)
        inputs, outputs = [*args, kwargs.pop("inputs", None), kwargs.pop("outputs", None)][:2]
        if kwargs:
            raise bad_argument(type(self).__name__, "inputs, outputs, name and trainable", ", ".join(kwargs))
        if not isinstance(trainable, bool):
            raise bad_argument("trainable", "True or False", trainable)
        self._trainable = trainable
        self._input_structure: Any = None
        self._output_structure: Any = None
        self._input_names: tuple[str, ...] = ()
        self._output_names: tuple[str, ...] = ()
        if name is not None and (not isinstance(name, str) or not name):
            raise bad_argument("name", "a text", name)
        self.name = name or automatic_name(type(self).__name__)
        self._layers: list[Any] = []
        self._input_shapes = None
        self._output_tails = ()
        self._weights: list[Variable] = []
        self._seed = next_model_seed()
        self._handle = self._new_handle()
        if outputs is not None:
            self._connect(inputs, outputs)

    def _connect(self, inputs: Any, outputs: Any, declared: list[Operation] | None = None) -> None:
        """Makes the model of what lies between symbolic tensors."""
        from .functional import Connection

        connection = Connection(self.name, inputs, outputs, declared)
        written = {"module": "keras.src.models.functional", "class_name": "Functional", "config": connection.config}
        handle = _core.model_create_from_config(json.dumps(written))
        if self._seed is not None:
            _core.model_set_seed(handle, self._seed)
        self._adopt_connected(handle, inputs, outputs, connection.operations)

    def _adopt_connected(self, handle: ModelHandle, inputs: Any, outputs: Any, operations: dict[str, Any]) -> None:
        """Takes over a functional model of the library, made of these operations."""
        described = json.loads(_core.model_get_config(handle))["config"]
        compiled = self._library_compile_config()
        if compiled is not None:
            compile_as(handle, compiled)
        self._handle = handle
        self._layers = [operations[entry["name"]] for entry in described["layers"]]
        self._input_structure, self._output_structure = inputs, outputs
        self._input_names = tuple(tensor._operation.name for tensor in flatten(inputs))
        self._output_names = _output_names(outputs)
        self._refresh()
        self._attach_optimizer()
        self._note_places()

    def _connect_chain(self) -> None:
        """Makes the symbolic tensors of a model that is a chain of layers, where it has none yet."""

    def _new_handle(self) -> ModelHandle:
        handle = _core.model_create(self.name)
        if self._seed is not None:
            _core.model_set_seed(handle, self._seed)
        return handle

    def _refresh(self) -> None:
        """Reads shapes and weights after the structure has changed."""
        try:
            inputs, outputs = _core.model_io_count(self._handle)
            input_shapes = tuple(_core.model_input_shape(self._handle, index) for index in range(inputs))
            output_shapes = [_core.model_output_shape(self._handle, index) for index in range(outputs)]
            count = _core.model_weight_count(self._handle)
        except InvalidStateError:
            self._input_shapes, self._output_tails, self._weights = None, (), []
            return
        infos = [_core.model_weight_info(self._handle, index) for index in range(count)]
        self._weights = [Variable(self, index, *info) for index, info in enumerate(infos)]
        self._output_tails = tuple(shape[1:] for shape in output_shapes)
        self._input_shapes = input_shapes

    # ---------------------------------------------------------------- structure

    @property
    def built(self) -> bool:
        """Whether the shapes are known and the weights exist."""
        return self._input_shapes is not None

    @property
    def trainable(self) -> bool:
        """Whether training changes the layers; setting it sets it for each of them."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise bad_argument("trainable", "True or False", value)
        self._trainable = value
        for layer in self._layers:
            if hasattr(layer, "trainable"):
                layer.trainable = value

    def _set_trainable(self, path: str, value: bool) -> None:
        """For the layer at a path."""
        _core.model_set_trainable(self._handle, path, value)
        self._refresh()

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors where data enters.

        Raises:
            AttributeError: The model is not built.
        """
        return flatten(self._symbols()[0])

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic tensors that the model gives. Raises: as `inputs`."""
        return flatten(self._symbols()[1])

    @property
    def input(self) -> Any:
        """The symbolic tensor, or the list or dict of them, where data enters. Raises: as `inputs`."""
        return self._symbols()[0]

    @property
    def output(self) -> Any:
        """What the model gives, likewise. Raises: as `inputs`."""
        return self._symbols()[1]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, as losses, metrics and the history use them."""
        return list(self._output_names)

    def _symbols(self) -> tuple[Any, Any]:
        self._connect_chain()
        if self._output_structure is None:
            raise AttributeError(f"the model '{self.name}' has never been called and thus has no defined input.")
        return self._input_structure, self._output_structure

    def _structured(self, outputs: list[Any]) -> Any:
        """Outputs nested as the model gives them."""
        if self._output_structure is None or not isinstance(self._output_structure, list | tuple | dict):
            return outputs[0] if len(outputs) == 1 else outputs
        left = iter(outputs)
        order = {id(leaf): next(left) for leaf in flatten(self._output_structure)}
        return map_structure(lambda leaf: order[id(leaf)], self._output_structure)

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The model's outputs for `inputs`: arrays for arrays, on the calling thread; symbolic for symbolic tensors.

        NaN and infinity are passed on.

        Args:
            training: In the code of a class of one's own, the mode of this call. In a functional model it is noted, and
                the mode of the whole model wins, as in Keras.
            mask: Of a call on symbolic tensors: the mask of the input, or a list with one for each.
        """
        if not is_symbolic(inputs):
            return self._call_on_arrays(inputs, training, mask)
        if not self.built:
            self._build_for(map_structure(lambda tensor: tensor.shape, inputs))
        # In the model's order, whatever the caller's nesting.
        if isinstance(inputs, dict) and set(inputs) == set(self._input_names):
            inputs = [inputs[name] for name in self._input_names]
        tensors = flatten(inputs)
        return self._call_symbolically(
            (tensors if len(tensors) > 1 else tensors[0],), {"training": training, "mask": mask}
        )

    def _ensure_built(self, sample_shapes: Sequence[Sequence[int]]) -> None:
        shapes = [(None, *shape) for shape in sample_shapes]
        self.build(shapes if len(shapes) > 1 else shapes[0])

    def _build_for(self, shapes: Any) -> None:
        """Builds a model that waits for its input shapes: one, or a nest of several, batch first."""
        self.build(shapes)

    def build(self, input_shape: Any = None) -> None:
        """Reads the method `call` of a subclass, given the shape of what it takes, batch first: (None, ...), or a list
        or dict of several.

        Raises:
            NotSupportedError: A step of `call` that cannot be read.
        """
        if self.built:
            return
        call = getattr(type(self), "call", None)
        if call is None:
            raise NotSupportedError(
                f"{type(self).__name__}: a model of one's own class needs a method `call`; use keras.Sequential or "
                "keras.Model(inputs, outputs) otherwise"
            )
        inputs = _inputs_of(input_shape)
        with reading(self.name):
            outputs = call(self, inputs, **mode_arguments(call, {}))
        self._connect(inputs, outputs, declared_operations(self))

    @property
    def _first_call(self) -> int:
        return 1

    def _written(self) -> dict[str, Any]:
        return {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": self.get_config(),
            "registered_name": "Functional",
        }

    @property
    def dtype(self) -> str:
        """ "float32"."""
        return "float32"

    @property
    def layers(self) -> list[Any]:
        """The layers, in order."""
        return list(self._layers)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the input, batch first as None."""
        return _keras_shape(self._known_input_shapes()[0])

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of the output, batch first as None."""
        self._known_input_shapes()
        return _keras_shape((-1, *self._output_tails[0]))

    def _known_input_shapes(self) -> tuple[tuple[int, ...], ...]:
        if self._input_shapes is None:
            raise AttributeError(f"the model '{self.name}' has no defined input shape yet")
        return self._input_shapes

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of a name or an index.

        Raises:
            ValueError: Neither, both, or no such layer.
        """
        if (name is None) == (index is None):
            raise bad_argument("get_layer", "either a name or an index", f"name={name}, index={index}")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise bad_argument("index", f"a layer of {len(self.layers)}", index)
            return self.layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self._layers)
        raise bad_argument("name", f"one of {known}", name)

    # ------------------------------------------------------------------ weights

    @property
    def weights(self) -> list[Variable]:
        """All weights, in Keras's order."""
        return list(self._weights)

    @property
    def variables(self) -> list[Variable]:
        """All weights."""
        return list(self._weights)

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        return [weight for weight in self._weights if weight.trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those that training changes."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that it does not change."""
        return [weight for weight in self._weights if not weight.trainable]

    def count_params(self) -> int:
        """Number of scalars in the weights.

        Raises:
            InvalidStateError: The model is not built.
        """
        if not self.built:
            raise InvalidStateError(f"the model '{self.name}' is not built: it has no weights to count yet")
        return sum(weight.size for weight in self._weights)

    def get_weights(self) -> list[NDArray[Any]]:
        """Copies of all weights, in Keras's order."""
        arrays = [np.empty(weight.shape, np.float32) for weight in self._weights]
        _core.model_get_weights(self._handle, arrays)
        return arrays

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replaces all weights, or none when one of them does not fit.

        Raises:
            ValueError: Another number of arrays, another shape, NaN or infinity.
        """
        if len(weights) != len(self._weights):
            raise bad_argument(
                "weights", f"{len(self._weights)} arrays for model '{self.name}'", f"{len(weights)} arrays"
            )
        arrays = [np.ascontiguousarray(to_array("weights", array), np.float32) for array in weights]
        # ascontiguousarray makes a scalar a vector; the library is to see what was given.
        arrays = [array.reshape(np.shape(given)) for array, given in zip(arrays, weights, strict=True)]
        _core.model_set_weights(self._handle, arrays)

    # ----------------------------------------------------------- fit, evaluate

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        *,
        nonfinite: Nonfinite = "error",
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> History:
        """Trains on the current client's nodes (see `LeptonClient`); `client.fit` chooses one.

        Ctrl-C, or an exception from a callback, ends the training after the current step and comes out of this call;
        the model then has the weights of the last complete step and can be used and trained on.

        Float32 arrays in row order, also of memory-mapped files, are read where they are. Others are converted: whole
        up to 256 MiB, beyond that batch by batch, so that memory stays flat; what is wrong with a row is then found
        when its batch comes, and shuffling follows NumPy's seed.

        Args:
            x: Inputs: an array, a table, or a rectangular nest of lists; or batches `(x, y)` or `(x, y, sample_weight)`
                from a generator, a `keras.utils.PyDataset`, a PyTorch DataLoader, or anything that can be iterated
                over, which are made in a thread beside the training and need not fit in memory together.
            y: Targets, likewise; None when x gives batches.
            batch_size: Rows per step; 32 by default.
            epochs: Number of the last epoch.
            verbose: 1 is a bar per epoch, 2 a line per epoch, 0 nothing; "auto" is 1 on terminals and in notebooks,
                and 2 elsewhere. Where a bar cannot be redrawn, 1 writes it once per epoch.
            callbacks: Instances of `keras.callbacks.Callback`.
            validation_split: Fraction of the rows, taken from the end before shuffling, to validate with.
            validation_data: (x, y) or (x, y, sample_weight) to validate with; overrides the split.
            shuffle: Whether the rows are in a new order each epoch.
            class_weight: Dict of class index to weight.
            sample_weight: One weight per row.
            initial_epoch: Number of the first epoch.
            steps_per_epoch: Batches in an epoch; by default all there are. The next epoch goes on after them.
            validation_steps: Batches in a validation; by default all there are.
            validation_freq: Epochs from one validation to the next, or a collection of epochs, counted from 1.
            validation_batch_size: Rows at a time in validation; `batch_size` by default.
            nonfinite: "error" refuses NaN and infinity in the data; "allow" computes with them as Keras does.
            max_queue_size, workers, use_multiprocessing: Accepted; the client's allocated nodes are what they mean.

        Returns:
            The History: `.history` has one list of numbers per loss and metric.

        Raises:
            ValueError: Shapes or values that do not fit; the model is then unchanged.
            InvalidStateError: Not compiled, or another fit of this model is running.
        """
        return self._fit(
            _current_client(),
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
            nonfinite=nonfinite,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        *,
        nonfinite: Nonfinite = "error",
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics on given data, on the current client's nodes. Arguments as `fit`.

        Returns:
            The loss when there are no metrics, otherwise a list of loss and metrics; a dict with `return_dict`.
        """
        return self._evaluate(
            _current_client(),
            x,
            y,
            batch_size=batch_size,
            verbose=verbose,
            sample_weight=sample_weight,
            steps=steps,
            callbacks=callbacks,
            return_dict=return_dict,
            nonfinite=nonfinite,
        )

    # ------------------------------------------------------------------ showing

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Prints a table of layers, output shapes and numbers of weights, and in graphs where layers take their input.

        Args:
            line_length: Characters per line; by default 88, or what the terminal has less 4.
            positions: Where columns end, as fractions of the line.
            print_fn: Called with the whole text instead of printing it.
            expand_nested: Whether the layers of models that are layers are listed.
            show_trainable: Whether it is said which layers are trained.
            layer_range: Names of the first and the last layer to list.
        """
        if line_length is not None and not 0 < line_length <= 10_000:
            raise bad_argument("line_length", "a number of characters in 1 ... 10000", line_length)
        from .summary import summary_text

        text = summary_text(
            self,
            line_length=line_length,
            positions=positions,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )
        if print_fn is not None:
            print_fn(text)
        else:
            print(text, end="" if text.endswith("\n") else "\n")

    # ------------------------------------------------------------------- saving

    def get_config(self) -> dict[str, Any]:
        """The model's structure, as a dict that JSON can hold.

        Raises:
            InvalidStateError: A model of one's own class that is not built.
        """
        if not self.built:
            raise InvalidStateError(f"the model '{self.name}' is not built: its structure is not known yet")
        config: dict[str, Any] = json.loads(_core.model_get_config(self._native))["config"]
        config["trainable"] = self._trainable
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: None = None) -> Any:
        """A model of the structure that `get_config` described, with fresh weights."""
        from .functional import Functional

        return Functional.from_config(config, custom_objects)

    def to_json(self, **kwargs: Any) -> str:
        """The structure as Keras's JSON; `kwargs` go to json.dumps."""
        return json.dumps(self._written(), **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        raise NotSupportedError(
            f"copying or pickling the model '{self.name}' is not supported by this version; save it to a file, or use "
            "keras.models.clone_model and set_weights"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _output_names(structure: Any) -> tuple[str, ...]:
    """Keras's names of outputs: keys of a dict; else names of layers, with numbers where one gives several."""
    if isinstance(structure, dict) and all(isinstance(item, KerasTensor) for item in structure.values()):
        return tuple(sorted(structure))
    names: list[str] = []
    for tensor in flatten(structure):
        name, count = tensor._operation.name, 1
        while name in names:
            name, count = f"{tensor._operation.name}_{count}", count + 1
        names.append(name)
    return tuple(names)


def _inputs_of(shapes: Any) -> Any:
    """An `Input` for each shape."""
    from ..layers.core import InputLayer

    if isinstance(shapes, dict):
        return {key: _inputs_of(shape) for key, shape in shapes.items()}
    if isinstance(shapes, list | tuple) and shapes and isinstance(shapes[0], list | tuple):
        return [_inputs_of(shape) for shape in shapes]
    return InputLayer(batch_shape=shapes).output


def _keras_shape(shape: tuple[int, ...]) -> tuple[int | None, ...]:
    return tuple(None if extent < 0 else extent for extent in shape)
