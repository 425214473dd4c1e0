"""Configs, compared with Keras's."""

import json

import numpy as np
from judge import PASS, agree, everything, keras, ours


def test_keras_reads_our_config() -> None:
    mine = everything(ours)
    for theirs in (
        keras.Sequential.from_config(json.loads(json.dumps(mine.get_config()))),
        keras.models.model_from_json(mine.to_json()),
    ):
        theirs.set_weights(mine.get_weights())
        x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")
        agree(mine.predict(x), theirs.predict(x, verbose=0), PASS)
        again = ours.Sequential.from_config(theirs.get_config())
        assert json.dumps(again.get_config()) == json.dumps(mine.get_config())


def test_we_read_keras_config() -> None:
    theirs = everything(keras)
    for mine in (
        ours.Sequential.from_config(theirs.get_config()),
        ours.models.model_from_json(theirs.to_json()),
    ):
        mine.set_weights(theirs.get_weights())
        x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")
        agree(mine.predict(x), theirs.predict(x, verbose=0), PASS)
        assert mine.name == "everything"


def test_configs_are_the_same_dicts() -> None:
    keras.backend.clear_session()
    ours.backend.clear_session()
    theirs, mine = (everything(k) for k in (keras, ours))
    for layer, other in zip(mine.layers, theirs.layers, strict=True):
        expected = json.loads(json.dumps(keras.saving.serialize_keras_object(other)["config"]))
        assert json.loads(json.dumps(layer.get_config())) == expected


def test_late_built_configs_cross_over() -> None:
    theirs = keras.Sequential([keras.layers.Dense(3)])
    theirs.build((None, 4))
    assert ours.Sequential.from_config(theirs.get_config()).count_params() == 15
    mine = ours.Sequential([ours.layers.Dense(3)])
    mine.build((None, 4))
    assert keras.Sequential.from_config(mine.get_config()).count_params() == 15
