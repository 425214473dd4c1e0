"""Diagnosis: is a breast mass malignant? 569 patients, 30 measurements each (see samples/data/README.md).

Every fifth row of the file is kept for the test. Both parts are scaled by the training rows' means and standard
deviations. With --store FOLDER the data set and the parameters are kept in that folder and trained from there.
"""

import argparse
from pathlib import Path

import numpy as np
from leptonai import LeptonClient, keras
from numpy.typing import NDArray

Floats = NDArray[np.float32]
DATA = Path(__file__).parents[2] / "data" / "breast_cancer_wisconsin.csv"


def read(path: Path) -> tuple[Floats, Floats, Floats, Floats]:
    """Training x and y, then test x and y."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    features, labels = table[:, :-1], table[:, -1:]
    is_test = np.arange(len(table)) % 5 == 2
    training = features[~is_test]
    mean = training.mean(axis=0)
    deviation = np.sqrt(((training - mean) ** 2).mean(axis=0))
    x = ((features - mean) / deviation).astype(np.float32)
    y = labels.astype(np.float32)
    return x[~is_test], y[~is_test], x[is_test], y[is_test]


def create_model() -> keras.Sequential:
    model = keras.Sequential(
        [
            keras.Input(shape=(30,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ],
        name="diagnosis",
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def print_confusion(predicted: Floats, actual: Floats) -> None:
    guess, truth = predicted[:, 0] > 0.5, actual[:, 0] > 0.5
    counts = [[int(np.sum((truth == row) & (guess == column))) for column in (False, True)] for row in (False, True)]
    accuracy = (counts[0][0] + counts[1][1]) / len(actual)
    print(f"test accuracy: {accuracy * 100:.2f} % of {len(actual)}")
    print("                 predicted benign  predicted malignant")
    print(f"actually benign     {counts[0][0]:13d} {counts[0][1]:20d}")
    print(f"actually malignant  {counts[1][0]:13d} {counts[1][1]:20d}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and test a diagnosis model.")
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="breast_cancer_wisconsin.csv")
    parser.add_argument("--store", type=Path, help="folder for the data set and the parameters")
    arguments = parser.parse_args()

    x, y, test_x, test_y = read(arguments.data)
    print(f"rows: {len(x)} for training, {len(test_x)} for the test")

    keras.utils.set_random_seed(1)
    client = LeptonClient(nodes=2, store=arguments.store)
    model = create_model()
    store = "diagnosis" if arguments.store else None
    loss = client.fit(model, x, y, epochs=20, verbose=0, store=store).history["loss"]
    print(f"loss: {loss[0]:.4f} in the first epoch, {loss[-1]:.4f} in the last")

    predicted = client.predict(model, test_x, verbose=0)
    print("first test rows:", *(f"{value:.4f}" for value in predicted[:4, 0]))
    print_confusion(predicted, test_y)
    print("bill:")
    print(client.usage())


if __name__ == "__main__":
    main()
