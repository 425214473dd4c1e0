"""Predictions: one row at a time in microseconds, and 60,000 rows at once in samples per second."""

from dataclasses import replace

from frameworks import ENTRIES, OURS
from harness import (
    Figures,
    Pace,
    cells,
    compare,
    comparison_table,
    compete,
    frameworks,
    program,
    ratio,
    summary,
    table,
)
from workloads import PREDICTED_ROWS, WORKLOADS, Workload

PYTHON, LIBRARY, PLAIN = "lepton, Python", "lepton, C", "plain C loops"
# What the frameworks are set up with when they predict single rows.
FEW_ROWS = 128


def one_row(workload: Workload, pace: Pace) -> Figures:
    """Microseconds for one row, and what C and Python add to the arithmetic in each round."""
    ours, *others = frameworks("row", workload, FEW_ROWS)
    entrants = [
        replace(ours, label=PYTHON),
        program(LIBRARY, "predict_row", "lepton", *workload.arguments()),
        program(PLAIN, "predict_row", "plain", *workload.arguments()),
        *(other for other in others if other.is_peer),
    ]
    competition = compete(entrants, pace)
    times = {label: [1e6 / rate for rate in rates] for label, rates in competition.rates.items()}

    def over(label: str, base: str) -> dict[str, float]:
        return summary([mine - less for mine, less in zip(times[label], times[base], strict=True)])

    return {
        "microseconds": {label: summary(values) for label, values in times.items()},
        "ratios": {peer: ratio(times[peer], times[PYTHON]) for peer in competition.peers},
        "over": {
            f"{LIBRARY}, over the arithmetic": over(LIBRARY, PLAIN),
            f"{PYTHON}, over the arithmetic": over(PYTHON, PLAIN),
            f"{PYTHON}, over {LIBRARY}": over(PYTHON, LIBRARY),
        },
        "peers": competition.peers,
        "skipped": competition.skipped,
    }


def many_rows(workload: Workload, pace: Pace) -> Figures:
    ours, *others = frameworks("rows", workload, pace.rows(PREDICTED_ROWS))
    return compare([ours, *(other for other in others if other.is_peer)], ENTRIES[OURS].label, pace)


def measure(name: str, pace: Pace) -> Figures:
    workload = WORKLOADS[name.removeprefix("predict-")]
    half = replace(pace, seconds=pace.seconds / 2)
    return {"row": one_row(workload, half), "rows": many_rows(workload, half)}


def render(name: str, figures: Figures) -> str:
    widths = "-".join(WORKLOADS[name.removeprefix("predict-")].arguments())
    row = figures["row"]
    lines = [
        [label, *cells(values), *(cells(row["ratios"][label]) if label in row["ratios"] else ["", ""])]
        for label, values in row["microseconds"].items()
    ]
    lines += [[label, "skipped", why, "", ""] for label, why in row["skipped"].items()]
    lines += [[label, *cells(values), "", ""] for label, values in row["over"].items()]
    header = ["", "microseconds", "min to max", "lepton (Python) is times as fast", "min to max"]
    return (
        f"### Predicting one row, {widths}\n\n{table(header, lines)}\n\n"
        f"### Predicting many rows at once, {widths}\n\n{comparison_table(figures['rows'])}"
    )
