"""Measures one framework in a process of its own; takes turns with others as benchmarks/c/turns.h describes.

python worker.py FRAMEWORK train|row|rows WORKLOAD ROWS
"""

import math
import sys
import time
from collections.abc import Callable

from frameworks import Framework, create
from workloads import WORKLOADS, Workload

# Calls between two looks at the clock where one call is a matter of microseconds.
CALLS = 20


def task_of(kind: str, framework: Framework, workload: Workload, rows: int) -> Callable[[int], int]:
    """A function that does the work `count` times and returns the samples that it was."""
    if kind == "train":

        def train(epochs: int) -> int:
            framework.train(epochs)
            return epochs * rows

        return train
    if kind == "rows":

        def predict_rows(count: int) -> int:
            for _ in range(count):
                framework.predict_all()
            return count * rows

        return predict_rows
    row = workload.data(1)[0]

    def predict_row(count: int) -> int:
        for _ in range(count * CALLS):
            framework.predict(row)
        return count * CALLS

    return predict_row


def main() -> None:
    name, kind, workload, rows = sys.argv[1], sys.argv[2], WORKLOADS[sys.argv[3]], int(sys.argv[4])
    work = task_of(kind, create(name, workload, rows), workload, rows)
    work(1)  # Compiles, fills caches, starts threads.
    start = time.perf_counter()
    work(1)
    estimate = time.perf_counter() - start
    print("ready", flush=True)
    for line in sys.stdin:
        # One call for a whole turn, so that what a call costs does not count for each epoch.
        count = max(1, math.ceil(float(line) / estimate))
        start = time.perf_counter()
        samples = work(count)
        elapsed = time.perf_counter() - start
        estimate = elapsed / count
        print(samples, elapsed, flush=True)


if __name__ == "__main__":
    main()
