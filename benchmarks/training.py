"""Samples per second of training, each contestant in a process of its own with two threads, in turns."""

from dataclasses import asdict
from typing import Any

from harness import Summary, cells, compete, framework, number, program, ratios, table, use_two_cores
from workloads import ROWS, WORKLOADS, Workload

ROUNDS = 5
SECONDS = 1.0
OURS = "lepton"
FRAMEWORKS = {
    OURS: "lepton",
    "PyTorch": "pytorch",
    "PyTorch, fused Adam": "pytorch:fused",
    "Keras on JAX": "keras",
    "Keras on JAX, 16 steps a call": "keras:steps",
    "scikit-learn": "sklearn",
}


def contestants(workload: Workload) -> dict[str, list[str]]:
    arguments = (str(workload.batch), str(ROWS), *workload.arguments())
    commands = {name: framework(module, "train", workload.name) for name, module in FRAMEWORKS.items()}
    for threads in ("1", "2"):
        commands[f"C loop over BLIS, {threads} thread{'s'[: threads != '1']}"] = program(
            "mlp_loop", threads, *arguments
        )
    commands["matrix products alone, 2 threads"] = program("gemm_limit", "2", *arguments)
    return commands


def measure(workload: Workload) -> dict[str, Any]:
    rates = compete(contestants(workload), ROUNDS, SECONDS)
    return {
        name: {
            "samples_per_second": asdict(Summary.of(values)),
            "lepton_ratio": asdict(ratios(rates[OURS], values)),
            "rounds": values,
        }
        for name, values in rates.items()
    }


def show(workload: Workload, results: dict[str, Any]) -> None:
    widths = "-".join(workload.arguments())
    print(f"\n### Training {widths}, batch {workload.batch}, {ROWS:,} rows: samples per second\n")
    rows = [
        [
            name,
            *cells(Summary(**result["samples_per_second"])),
            number(result["lepton_ratio"]["median"]),
            f"{number(result['lepton_ratio']['minimum'])} to {number(result['lepton_ratio']['maximum'])}",
        ]
        for name, result in results.items()
    ]
    print(table(["", "median", "min to max", "lepton is times as fast", "min to max"], rows), flush=True)


def run() -> dict[str, Any]:
    report = {}
    for workload in WORKLOADS.values():
        report[workload.name] = measure(workload)
        show(workload, report[workload.name])
    return report


if __name__ == "__main__":
    use_two_cores()
    run()
