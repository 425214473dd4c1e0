"""The optimizers that look at whole weights, and what may be put around any optimizer, compared with Keras's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import TRAINED, Case, agree, compare, keras, ours, pair, regression

Make = Callable[[Any], Any]

OPTIMIZERS: dict[str, Make] = {
    "Ftrl": lambda k: k.optimizers.Ftrl(0.05),
    "Ftrl, all of it": lambda k: k.optimizers.Ftrl(
        0.1,
        -0.7,
        0.2,
        l1_regularization_strength=0.02,
        l2_regularization_strength=0.05,
        l2_shrinkage_regularization_strength=0.01,
        beta=0.3,
        weight_decay=0.01,
    ),
    "Ftrl, power 0": lambda k: k.optimizers.Ftrl(0.05, 0.0),
    "Adafactor": lambda k: k.optimizers.Adafactor(0.05),
    "Adafactor, others": lambda k: k.optimizers.Adafactor(
        0.5, -0.5, epsilon_2=1e-2, clip_threshold=0.7, relative_step=False, weight_decay=0.02
    ),
    "Lamb": lambda k: k.optimizers.Lamb(0.02),
    "Lamb, others": lambda k: k.optimizers.Lamb(0.05, 0.5, 0.9, 1e-4, weight_decay=0.1),
    "Muon": lambda k: k.optimizers.Muon(0.02),
    "Muon, others": lambda k: k.optimizers.Muon(
        0.02,
        momentum=0.5,
        nesterov=False,
        ns_steps=3,
        rms_rate=None,
        adam_lr_ratio=0.5,
        exclude_layers=["last"],
        adam_weight_decay=None,
        weight_decay=0.1,
    ),
    "ScheduleFreeAdamW": lambda k: k.optimizers.ScheduleFreeAdamW(0.02),
    "ScheduleFreeAdamW, others": lambda k: k.optimizers.ScheduleFreeAdamW(0.05, 0.8, 0.9, 1e-6, warmup_steps=6),
    "LossScaleOptimizer": lambda k: k.optimizers.LossScaleOptimizer(
        k.optimizers.Adam(0.02, clipnorm=0.5), initial_scale=1024.0, dynamic_growth_steps=4
    ),
    "clipnorm": lambda k: k.optimizers.SGD(0.1, momentum=0.5, clipnorm=0.2),
    "global_clipnorm": lambda k: k.optimizers.Adam(0.02, epsilon=1e-3, global_clipnorm=0.1),
    "clipvalue": lambda k: k.optimizers.SGD(0.1, clipvalue=0.05),
    "clipnorm of 0": lambda k: k.optimizers.SGD(0.1, clipnorm=0.0),
    "averages": lambda k: k.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.7),
    "averages that overwrite": lambda k: k.optimizers.Adam(
        0.02, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=4
    ),
    "accumulation": lambda k: k.optimizers.Adam(0.05, gradient_accumulation_steps=3, weight_decay=0.05),
    "accumulation, clipped and averaged": lambda k: k.optimizers.Nadam(
        0.02,
        gradient_accumulation_steps=2,
        global_clipnorm=0.2,
        use_ema=True,
        ema_momentum=0.6,
        ema_overwrite_frequency=3,
    ),
    "loss_scale_factor": lambda k: k.optimizers.RMSprop(0.01, loss_scale_factor=8.0, clipvalue=0.1),
}


def named(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The model with a last layer that has a name of its own."""

    def made(k: Any) -> Any:
        return k.Sequential(
            [k.Input((7,)), k.layers.Dense(11, "tanh"), k.layers.Dense(5, "tanh"), k.layers.Dense(2, name="last")]
        )

    return made if build is not None else build


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training(name: str) -> None:
    build, x, y = regression(31, rows=37)
    make = OPTIMIZERS[name]
    compare(Case(named(build), x, y, lambda k: {"optimizer": make(k), "loss": "mse"}))


SCHEDULES: dict[str, Make] = {
    "exponential": lambda s: s.ExponentialDecay(0.1, 7, 0.5),
    "exponential stairs": lambda s: s.ExponentialDecay(0.1, 7, 0.5, staircase=True),
    "inverse": lambda s: s.InverseTimeDecay(0.1, 3.0, 0.5),
    "inverse stairs": lambda s: s.InverseTimeDecay(0.1, 3, 0.5, staircase=True),
    "piecewise": lambda s: s.PiecewiseConstantDecay([3, 9, 40], [0.1, 0.05, 0.02, 0.01]),
    "polynomial": lambda s: s.PolynomialDecay(0.1, 12, 0.01, power=2.0),
    "polynomial cycles": lambda s: s.PolynomialDecay(0.1, 5, 0.01, power=0.5, cycle=True),
    "cosine": lambda s: s.CosineDecay(0.1, 30, alpha=0.1),
    "cosine with a rise": lambda s: s.CosineDecay(0.01, 30, warmup_target=0.1, warmup_steps=5),
    "restarts": lambda s: s.CosineDecayRestarts(0.1, 7, t_mul=1.5, m_mul=0.8, alpha=0.05),
    "even restarts": lambda s: s.CosineDecayRestarts(0.1, 7, t_mul=1.0),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name: str) -> None:
    theirs, mine = SCHEDULES[name](keras.optimizers.schedules), SCHEDULES[name](ours.optimizers.schedules)
    assert mine.get_config() == theirs.get_config()
    assert ours.optimizers.schedules.serialize(mine) == keras.optimizers.schedules.serialize(theirs)
    for step in [0, 1, 2, 3, 4, 5, 8, 9, 10, 13, 29, 30, 31, 36, 41, 100]:
        assert mine(step) == pytest.approx(float(theirs(step)), rel=1e-5, abs=1e-8), step
    again = ours.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(theirs))
    assert again(17) == mine(17)


@pytest.mark.parametrize("name", ["cosine with a rise", "piecewise"])
def test_training_with_a_schedule(name: str) -> None:
    build, x, y = regression(32, rows=37)
    theirs, mine = pair(build)
    for model, k in ((theirs, keras), (mine, ours)):
        optimizer = k.optimizers.SGD(SCHEDULES[name](k.optimizers.schedules), momentum=0.5, weight_decay=0.01)
        model.compile(optimizer, "mse")
        model.fit(x, y, epochs=3, batch_size=13, shuffle=False, verbose=0)
        assert k.optimizers.serialize(model.optimizer)["config"]["learning_rate"]["class_name"]
        with pytest.raises(TypeError, match="LearningRateSchedule"):
            model.optimizer.learning_rate = 0.1
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)
    assert float(mine.optimizer.learning_rate) == pytest.approx(float(theirs.optimizer.learning_rate), rel=1e-5)
    assert int(mine.optimizer.iterations) == int(theirs.optimizer.iterations)


def test_weights_that_do_not_decay() -> None:
    build, x, y = regression(33, rows=37)
    theirs, mine = pair(build)
    for model, k in ((theirs, keras), (mine, ours)):
        optimizer = k.optimizers.AdamW(0.02, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=["bias"], var_list=[model.weights[2]])
        model.compile(optimizer, "mse")
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)


@pytest.mark.parametrize("name", ["Adafactor", "Lamb", "Muon", "ScheduleFreeAdamW", "Ftrl"])
def test_configs(name: str) -> None:
    theirs, mine = getattr(keras.optimizers, name)(), getattr(ours.optimizers, name)()
    expected, config = theirs.get_config(), mine.get_config()
    assert config.keys() == expected.keys()
    for key in expected.keys() - {"name"}:
        assert config[key] == pytest.approx(expected[key]), key
    keras.optimizers.deserialize(ours.optimizers.serialize(mine))
    ours.optimizers.deserialize(keras.optimizers.serialize(theirs))


@pytest.mark.parametrize("name", ["averages", "LossScaleOptimizer", "Muon", "accumulation"])
def test_variables(name: str) -> None:
    build, x, y = regression(35, rows=37)
    theirs, mine = pair(build)
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(OPTIMIZERS[name](k), "mse")
        model.fit(x, y, batch_size=13, shuffle=False, verbose=0)
    expected = sorted(np.shape(variable) for variable in theirs.optimizer.variables)
    assert sorted(np.shape(variable) for variable in mine.optimizer.variables) == expected
    assert int(mine.optimizer.iterations) == int(theirs.optimizer.iterations)
    assert theirs.count_params() == mine.count_params()
    if name == "LossScaleOptimizer":
        assert [float(v.numpy()) for v in mine.optimizer.variables[2:4]] == [
            float(v.numpy()) for v in theirs.optimizer.variables[2:4]
        ]
    elif name == "averages":
        # The first values after the steps and the rate are the averages, in both.
        agree(mine.optimizer.variables[2], theirs.optimizer.variables[2], TRAINED)
        agree(mine.get_weights()[0], mine.optimizer.variables[2], TRAINED)


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_are_swapped_in(swap_on_epoch: bool) -> None:
    build, x, y = regression(36, rows=37)
    theirs, mine = pair(build)
    histories = []
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(k.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9), "mse")
        swap = k.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)
        arguments = {"epochs": 3, "batch_size": 13, "shuffle": False, "verbose": 0, "validation_split": 0.3}
        histories.append(model.fit(x, y, callbacks=[swap], **arguments).history)
    for name, values in histories[0].items():
        agree(histories[1][name], values, TRAINED)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)
