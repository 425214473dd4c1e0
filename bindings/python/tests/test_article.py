"""The program of the source document runs as it stands but for its import."""

import subprocess
import sys

PROGRAM = """
from leptonai import LeptonClient, keras
client = LeptonClient()
model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
model.compile(optimizer='sgd', loss='mean_squared_error')
x = [[1], [2], [3], [4], [5]]
y = [[1], [4], [9], [16], [25]]
model.fit(x, y, epochs=100, use_multiprocessing=True)
print(model.predict([[6]]))
"""


def test_article_program_predicts_what_keras_predicts() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert lines[0] == "Epoch 1/100"
    assert lines[-2].startswith("1/1 - 0s - ")
    assert 24.9 < float(lines[-1].strip("[]")) < 25.5
    assert run.stderr == ""
