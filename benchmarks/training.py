"""Samples per second of training, each contestant in a process of its own with two threads, in turns."""

from frameworks import ENTRIES, OURS
from harness import Entrant, Figures, Pace, compare, comparison_table, frameworks, number, program
from workloads import WORKLOADS, Workload

PRODUCTS = "matrix products alone, 2 threads"


def contestants(workload: Workload, rows: int) -> list[Entrant]:
    entrants = frameworks("train", workload, rows)
    if workload.kind == "dense":
        arguments = (str(workload.batch), str(rows), *workload.arguments())
        entrants += [
            program("C loop over BLIS, 1 thread", "mlp_loop", "1", *arguments),
            program("C loop over BLIS, 2 threads", "mlp_loop", "2", *arguments),
            program(PRODUCTS, "gemm_limit", "2", *arguments),
        ]
    return entrants


def measure(name: str, pace: Pace) -> Figures:
    workload = WORKLOADS[name]
    return compare(contestants(workload, pace.rows(workload.rows)), ENTRIES[OURS].label, pace)


def render(name: str, figures: Figures) -> str:
    text = f"### Training {WORKLOADS[name].title}\n\n{comparison_table(figures)}"
    if PRODUCTS in figures["ratios"]:
        share = number(100 * figures["ratios"][PRODUCTS]["median"])
        text += f"\n\nTraining runs at {share} % of the rate that its matrix products alone allow."
    return text
