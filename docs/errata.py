"""Recomputes the numbers in errata.md: `python docs/errata.py`."""

from math import sqrt

XS = [1, 2, 3, 4, 5]
YS = [1, 4, 9, 16, 25]


def least_squares() -> tuple[float, float]:
    """Slope and intercept of the best line."""
    mean_x, mean_y = sum(XS) / len(XS), sum(YS) / len(YS)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(XS, YS, strict=True))
    slope = covariance / sum((x - mean_x) ** 2 for x in XS)
    return slope, mean_y - slope * mean_x


def descend(weight: float, epochs: int, rate: float = 0.01) -> float:
    """The prediction for 6 after full-batch gradient descent from `weight` and a bias of 0."""
    bias = 0.0
    for _ in range(epochs):
        errors = [weight * x + bias - y for x, y in zip(XS, YS, strict=True)]
        weight_gradient = 2 / len(XS) * sum(x * error for x, error in zip(XS, errors, strict=True))
        bias_gradient = 2 / len(XS) * sum(errors)
        weight -= rate * weight_gradient
        bias -= rate * bias_gradient
    return weight * 6 + bias


def main() -> None:
    print(f"utilisation by the article's formula: {(500 + 50) / (1000 + 100):.1%}")
    print(f"  with 80 TB used, in TB: {(500 + 80) / 1100:.1%}, in GB: {(500 + 80_000) / 101_000:.1%}")
    slope, intercept = least_squares()
    print(f"least squares: slope {slope:g}, intercept {intercept:g}, prediction for 6 {6 * slope + intercept:g}")
    for epochs in (100, 1000, 2000, 5000):
        low, high = descend(-sqrt(3), epochs), descend(sqrt(3), epochs)
        print(f"{epochs:5} epochs: {low:.4f} to {high:.4f}")


if __name__ == "__main__":
    main()
