"""What fit, evaluate and predict write."""

import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

from leptonai import keras

Points = tuple[np.ndarray, np.ndarray]
NUMBER = r"\d\.\d{4}(e-\d\d)?"


def test_plain_lines_where_there_is_no_terminal(
    linear: keras.Sequential, points: Points, capsys: pytest.CaptureFixture[str]
) -> None:
    linear.fit(*points, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0::2] == ["Epoch 1/2", "Epoch 2/2"]
    for line in lines[1::2]:
        assert re.fullmatch(rf"2/2 - \ds - \d+(us|ms|s)/step - loss: {NUMBER}", line)


def test_a_single_epoch_has_no_heading(
    linear: keras.Sequential, points: Points, capsys: pytest.CaptureFixture[str]
) -> None:
    linear.fit(*points, verbose=2)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_verbose_1_writes_the_bar_once_where_it_cannot_be_redrawn(
    linear: keras.Sequential, points: Points, capsys: pytest.CaptureFixture[str]
) -> None:
    linear.fit(*points, verbose=1)
    out = capsys.readouterr().out
    assert re.fullmatch(rf"2/2 ━{{20}} \ds \d+(us|ms|s)/step - loss: {NUMBER}\n", out)


def test_verbose_0_is_silent(linear: keras.Sequential, points: Points, capfd: pytest.CaptureFixture[str]) -> None:
    linear.fit(*points, epochs=2, verbose=0, validation_split=0.5)
    linear.evaluate(*points, verbose=0)
    linear.predict(points[0], verbose=0)
    linear.predict(points[0][:1])
    assert capfd.readouterr() == ("", "")


def test_metrics_and_validation_are_shown(points: Points, capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(*points, verbose=2, validation_data=points)
    names = re.findall(r"- (\w+):", capsys.readouterr().out)
    assert names == ["loss", "mae", "val_loss", "val_mae"]


def test_evaluate_and_predict_show_progress_when_asked(
    linear: keras.Sequential, points: Points, capsys: pytest.CaptureFixture[str]
) -> None:
    linear.evaluate(*points, verbose=1)
    linear.predict(points[0], verbose=1)
    linear.predict(points[0][:1], verbose=2)
    first, second, third = capsys.readouterr().out.splitlines()
    assert re.match(r"2/2 ━{20} .*/step - loss: ", first)
    assert re.fullmatch(r"2/2 ━{20} \ds \d+(us|ms|s)/step", second)
    assert re.fullmatch(r"1/1 - \ds - \d+(us|ms|s)/step", third)


def test_outputs_that_cannot_show_the_bar_get_a_plain_one() -> None:
    code = (
        "import numpy as np; from leptonai import keras; m = keras.Sequential([keras.layers.Dense(1)]);"
        "m.compile('sgd', 'mse'); m.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=1)"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert "=" * 20 in run.stdout


def test_a_terminal_gets_a_bar() -> None:
    code = (
        "import numpy as np; from leptonai import keras; m = keras.Sequential([keras.layers.Dense(1)]);"
        "m.compile('sgd', 'mse'); m.fit(np.ones((64, 1)), np.ones((64, 1)), epochs=2)"
    )
    parent, child = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=child, env=environment) as process:
        os.close(child)
        out = b""
        while True:
            try:
                chunk = os.read(parent, 4096)
            except OSError:
                break
            if not chunk:
                break
            out += chunk
    os.close(parent)
    assert process.returncode == 0
    text = out.decode()
    assert "Epoch 2/2" in text
    assert "\r\x1b[1m2/2\x1b[0m \x1b[32m" + "━" * 20 in text
