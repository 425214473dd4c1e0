"""Predictions: one row at a time in microseconds, and 60,000 rows at once in samples per second."""

from dataclasses import asdict
from typing import Any

from harness import Summary, cells, compete, framework, number, program, ratios, table, use_two_cores
from workloads import ROWS, WORKLOADS, Workload

ROUNDS = 5
SECONDS = 0.5
PYTHON, LIBRARY, PLAIN = "lepton, Python", "lepton, C", "plain C loops"


def one_row(workload: Workload) -> dict[str, Any]:
    """Microseconds for one row, and what Python adds to the arithmetic in each round."""
    commands = {
        PYTHON: framework("lepton", "row", workload.name),
        LIBRARY: program("predict_row", "lepton", *workload.arguments()),
        PLAIN: program("predict_row", "plain", *workload.arguments()),
        "PyTorch, no_grad": framework("pytorch", "row", workload.name),
        "Keras on JAX": framework("keras", "row", workload.name),
        "scikit-learn": framework("sklearn", "row", workload.name),
    }
    times = {name: [1e6 / rate for rate in rates] for name, rates in compete(commands, ROUNDS, SECONDS).items()}
    overheads = {
        other: Summary.of([ours - arithmetic for ours, arithmetic in zip(times[PYTHON], times[other], strict=True)])
        for other in (LIBRARY, PLAIN)
    }
    return {
        "microseconds": {name: asdict(Summary.of(values)) for name, values in times.items()},
        "python_overhead": {name: asdict(summary) for name, summary in overheads.items()},
    }


def many_rows(workload: Workload) -> dict[str, Any]:
    commands = {
        "lepton": framework("lepton", "rows", workload.name),
        "PyTorch, no_grad": framework("pytorch", "rows", workload.name),
        "Keras on JAX": framework("keras", "rows", workload.name),
        "scikit-learn": framework("sklearn", "rows", workload.name),
    }
    rates = compete(commands, ROUNDS, SECONDS)
    return {
        name: {
            "samples_per_second": asdict(Summary.of(values)),
            "lepton_ratio": asdict(ratios(rates["lepton"], values)),
        }
        for name, values in rates.items()
    }


def show(workload: Workload, row: dict[str, Any], rows: dict[str, Any]) -> None:
    widths = "-".join(workload.arguments())
    print(f"\n### Predicting one row, {widths}: microseconds\n")
    lines = [[name, *cells(Summary(**value))] for name, value in row["microseconds"].items()]
    lines += [
        [f"overhead of Python over {name}", *cells(Summary(**value))] for name, value in row["python_overhead"].items()
    ]
    print(table(["", "median", "min to max"], lines))
    print(f"\n### Predicting {ROWS:,} rows at once, {widths}: samples per second\n")
    lines = [
        [name, *cells(Summary(**value["samples_per_second"])), number(value["lepton_ratio"]["median"])]
        for name, value in rows.items()
    ]
    print(table(["", "median", "min to max", "lepton is times as fast"], lines), flush=True)


def run() -> dict[str, Any]:
    report = {}
    for name in ("mlp-128", "tabular-32"):
        workload = WORKLOADS[name]
        row, rows = one_row(workload), many_rows(workload)
        show(workload, row, rows)
        report["-".join(workload.arguments())] = {"one_row": row, "all_rows": rows}
    return report


if __name__ == "__main__":
    use_two_cores()
    run()
