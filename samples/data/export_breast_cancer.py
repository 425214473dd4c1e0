"""Writes breast_cancer_wisconsin.csv from the copy of the data set that scikit-learn carries.

Run it with any Python that has scikit-learn: `python export_breast_cancer.py`. The file it writes is committed, so
neither the samples nor the tests need scikit-learn.
"""

import csv
from pathlib import Path

from sklearn.datasets import load_breast_cancer

TARGET = Path(__file__).with_name("breast_cancer_wisconsin.csv")


def main() -> None:
    data = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in data.feature_names]
    with TARGET.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names, "malignant"])
        for features, target in zip(data.data, data.target, strict=True):
            # scikit-learn codes malignant as 0 and benign as 1; here the finding is the positive class.
            writer.writerow([*(repr(float(value)) for value in features), 1 - int(target)])


if __name__ == "__main__":
    main()
