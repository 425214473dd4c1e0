"""Budget: what a fit will take is estimated before it starts, a budget stops one that would cost too much, and the bill
says what was spent. With --chart FILE what was allocated in the course of time is drawn into a picture.
"""

import argparse
from pathlib import Path

import numpy as np
from leptonai import LeptonClient, ResourceExhaustedError, keras

# A second of a core costs a cent, so that the sample is over soon.
PRICES = {"currency": "EUR", "core_hour": "36", "memory_gib_hour": "0", "storage_gib_month": "0"}


def create_model() -> keras.Sequential:
    model = keras.Sequential(
        [keras.Input(shape=(1,)), keras.layers.Dense(32, activation="tanh"), keras.layers.Dense(1)], name="parabola"
    )
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description="Estimate, run and bill a fit.")
    parser.add_argument("--chart", type=Path, help="where a picture of the usage is saved")
    arguments = parser.parse_args()

    x = (np.arange(256, dtype=np.float32) / 256).reshape(-1, 1)
    y = x * x
    keras.utils.set_random_seed(1)
    client = LeptonClient(nodes=2, prices=PRICES)
    model = create_model()

    estimate = client.estimate(model, x, y, epochs=10)
    print(f"estimated: {estimate.steps} steps on {estimate.cores} cores for {estimate.cost} {estimate.currency}")
    loss = client.fit(model, x, y, epochs=10, verbose=0).history["loss"]
    print(f"loss: {loss[0]:.4f} in the first epoch, {loss[-1]:.4f} in the last")

    client.set_budget("0.06", warn_at=0.5, on_warning=lambda _: print("warning: half of the budget is spent"))
    try:
        client.fit(model, x, y, epochs=100_000_000, verbose=0)
    except ResourceExhaustedError:
        print("the fit was stopped by its budget")
    predicted = float(model.predict_on_batch(np.array([[0.5]], dtype=np.float32))[0, 0])
    print("its weights are usable:", "yes" if abs(predicted - 0.25) < 0.1 else "no")
    try:
        client.allocate()
    except ResourceExhaustedError:
        print("a further request is refused")

    usage = client.usage()
    print("bill:")
    print(usage, end="")
    if arguments.chart:
        from leptonai import plot

        plot.usage(usage, to_file=arguments.chart, title="What was allocated")


if __name__ == "__main__":
    main()
