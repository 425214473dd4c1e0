"""The package as such: versions, errors, the clash with another distribution, the extension's own checks."""

import math
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leptonai
from leptonai import _core, errors


def test_package_and_library_are_of_one_version() -> None:
    assert leptonai.__version__ == _core.version()


def test_the_package_is_typed() -> None:
    assert resources.files(leptonai).joinpath("py.typed").is_file()
    assert resources.files(leptonai).joinpath("_core.pyi").is_file()


def test_everything_that_is_exported_exists() -> None:
    for name in leptonai.__all__:
        assert hasattr(leptonai, name)


def classes() -> Iterator[type[errors.LeptonError]]:
    yield from errors.LeptonError.__subclasses__()


def test_every_status_has_one_exception() -> None:
    for status in range(1, 17):
        error = errors.from_status(status, "a: expected b. Received: c", "a", "b", "c")
        assert error.status == status
        assert (error.argument, error.expected, error.received) == ("a", "b", "c")
        assert str(error) == "a: expected b. Received: c"
    assert {cls.status for cls in classes()} == set(range(1, 17))
    assert isinstance(errors.from_status(999, "m", None, None, None), errors.InternalError)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.InvalidArgumentError, ValueError),
        (errors.ShapeMismatchError, ValueError),
        (errors.NonFiniteError, ValueError),
        (errors.CorruptDataError, ValueError),
        (errors.TypeMismatchError, TypeError),
        (errors.OutOfMemoryError, MemoryError),
        (errors.CancelledError, KeyboardInterrupt),
        (errors.TimedOutError, TimeoutError),
        (errors.NotFoundError, FileNotFoundError),
        (errors.InputOutputError, OSError),
        (errors.PermissionDeniedError, PermissionError),
        (errors.NotSupportedError, NotImplementedError),
        (errors.InvalidStateError, RuntimeError),
    ],
)
def test_exceptions_are_pythons_own_too(error: type[errors.LeptonError], builtin: type[BaseException]) -> None:
    assert issubclass(error, builtin)


@pytest.mark.parametrize("cls", list(classes()), ids=lambda cls: cls.__name__)
def test_exceptions_cross_processes(cls: type[errors.LeptonError]) -> None:
    error = pickle.loads(pickle.dumps(cls("m", argument="a", expected="b", received="c")))
    assert type(error) is cls
    assert (str(error), error.argument, error.expected, error.received) == ("m", "a", "b", "c")


@pytest.mark.parametrize("folder", ["leptonai-0.27.0.dist-info", "leptonai-0.1.egg-info"])
def test_the_other_leptonai_beside_ours_is_named_at_import(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", "import leptonai"], capture_output=True, text=True, env=environment, check=False
    )
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 1
    assert last.startswith("ImportError: the distribution 'leptonai'")
    assert str(tmp_path) in last
    assert "pip uninstall leptonai" in last


def test_other_names_do_not_matter(tmp_path: Path) -> None:
    for name in ("leptonai_x-1.0.dist-info", "lepton_sdk-0.1.0.dist-info", "leptonai-notes"):
        (tmp_path / name).mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{tmp_path / 'missing'}"}
    subprocess.run([sys.executable, "-c", "import leptonai"], env=environment, check=True)


def test_nothing_else_is_imported_with_the_package() -> None:
    code = (
        "import sys; import leptonai; print([m for m in ('pandas', 'keras', 'importlib.metadata') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    "call",
    [
        lambda: _core.model_get_config(3),  # type: ignore[arg-type]
        lambda: _core.model_get_config(_core.client_create(0, 0, 0, 0, None, None)),  # type: ignore[arg-type]
        lambda: _core.model_predict(_core.model_create(None), 3, ()),  # type: ignore[arg-type]
        lambda: _core.model_predict(_core.model_create(None), (3,), ()),  # type: ignore[arg-type]
        lambda: _core.model_predict(_core.model_create(None)),  # type: ignore[call-arg]
        lambda: _core.model_compile(_core.model_create(None), "sgd", None, [], ()),  # type: ignore[arg-type]
    ],
)
def test_the_extension_refuses_other_types(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize(
    "array",
    [
        np.ones((1, 1), "f2"),
        np.ones((1, 1), "c8"),
        np.ones((1, 1), ">f4"),
        np.zeros(3, [("a", "u1"), ("b", "f4")])["b"],
    ],
    ids=["f2", "c8", ">f4", "field"],
)
def test_the_extension_takes_only_what_the_library_takes(array: np.ndarray) -> None:
    with pytest.raises((errors.TypeMismatchError, ValueError)):
        _core.model_predict(_core.model_create(None), (array,), (np.empty((1, 1), "f4"),))


def test_the_extension_does_not_write_to_read_only_arrays() -> None:
    output = np.zeros((1, 1), "f4")
    output.flags.writeable = False
    with pytest.raises((BufferError, ValueError)):
        _core.model_predict(_core.model_create(None), (np.ones((1, 1), "f4"),), (output,))


def test_many_tensors_are_refused_and_released() -> None:
    arrays = [np.ones((1, 1), "f4") for _ in range(100)]
    with pytest.raises(leptonai.LeptonError):
        _core.model_predict(_core.model_create(None), arrays, arrays)
    for array in arrays:
        array.resize((2, 2), refcheck=False)
    assert math.prod(arrays[0].shape) == 4
