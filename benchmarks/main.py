"""Runs every benchmark, prints tables in Markdown and writes build/bench/results.json."""

import json

import machine
import predict
import startup
import training
from harness import PROGRAMS, table, use_two_cores


def main() -> None:
    described = machine.describe()
    print("### Machine\n")
    print(table(["", ""], [[name, value] for name, value in described.items()]), flush=True)
    use_two_cores()
    results = {
        "machine": described,
        "startup": startup.run(),
        "predict": predict.run(),
        "training": training.run(),
    }
    (PROGRAMS / "results.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
