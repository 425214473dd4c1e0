"""The report of what was measured: what was to be reached and what came out, then every table."""

from collections.abc import Callable
from dataclasses import dataclass

from harness import Figures, number, table
from training import PRODUCTS
from workloads import WORKLOADS


@dataclass(frozen=True)
class Goal:
    """A figure that the project set out to reach."""

    part: str
    label: str
    wanted: float
    measured: Callable[[Figures], "tuple[float, str]"]
    """The figure, and a remark: of whom, or between which extremes."""
    unit: str = "x"
    at_most: bool = False


def against_best(ratios: Figures, peers: list[str]) -> tuple[float, str]:
    """The smallest of the ratios, which is that of the best peer."""
    if not peers:
        raise KeyError("no peer was measured")
    best = min(peers, key=lambda peer: float(ratios[peer]["median"]))
    extremes = ratios[best]
    return extremes["median"], f"{best}; {number(extremes['minimum'])} to {number(extremes['maximum'])}"


def training(name: str, times: float) -> Goal:
    label = f"training {WORKLOADS[name].title}, times the best peer"
    return Goal(name, label, times, lambda figures: against_best(figures["ratios"], figures["peers"]))


def extremes(values: Figures, factor: float = 1) -> tuple[float, str]:
    return (
        values["median"] * factor,
        f"{number(values['minimum'] * factor)} to {number(values['maximum'] * factor)}",
    )


def over_arithmetic(who: str) -> Callable[[Figures], tuple[float, str]]:
    return lambda figures: extremes(figures["row"]["over"][f"{who}, over the arithmetic"])


GOALS = (
    training("mlp-128", 1.7),
    Goal(
        "mlp-128",
        "the same, share of the rate of its matrix products alone",
        70,
        lambda figures: extremes(figures["ratios"][PRODUCTS], 100),
        unit="%",
    ),
    training("mlp-32", 1.7),
    training("tabular", 10),
    training("cnn", 2.5),
    training("lstm", 2.5),
    training("gru", 2.5),
    training("transformer", 2),
    Goal(
        "predict-mlp-128",
        "predict one row, MLP, from C, over the arithmetic",
        10,
        over_arithmetic("lepton, C"),
        "us",
        True,
    ),
    Goal(
        "predict-mlp-128",
        "predict one row, MLP, from Python, over the arithmetic",
        20,
        over_arithmetic("lepton, Python"),
        "us",
        True,
    ),
    Goal(
        "predict-mlp-128",
        "predict one row, MLP, from Python, times the best peer",
        5,
        lambda figures: against_best(figures["row"]["ratios"], figures["row"]["peers"]),
    ),
    Goal(
        "predict-mlp-128",
        "predict 60,000 rows, MLP, times the best peer",
        1.2,
        lambda figures: against_best(figures["rows"]["ratios"], figures["rows"]["peers"]),
    ),
    Goal(
        "processes",
        "import and the article's job, whole process, times the best peer",
        20,
        lambda figures: against_best(figures["ratios"], figures["peers"]),
    ),
    Goal(
        "processes",
        "the same, memory, the best peer's in multiples of lepton's",
        5,
        lambda figures: against_best(figures["memory_ratios"], figures["peers"]),
    ),
)


def summary(results: Figures) -> str:
    rows = []
    for goal in GOALS:
        if goal.part not in results:
            continue
        wanted = f"{'at most' if goal.at_most else 'at least'} {goal.wanted:g} {goal.unit}"
        try:
            value, remark = goal.measured(results[goal.part])
        except KeyError as missing:
            rows.append([goal.label, wanted, "not measured", str(missing.args[0]), ""])
            continue
        reached = value <= goal.wanted if goal.at_most else value >= goal.wanted
        rows.append([goal.label, wanted, f"{number(value)} {goal.unit}", remark, "yes" if reached else "no"])
    header = ["", "to reach", "measured", "best peer; min to max", "reached"]
    return f"## What was to be reached\n\n{table(header, rows)}"


def at_a_glance(results: Figures) -> str:
    """The plain figures, in columns."""
    keras = ("Keras on JAX", "Keras on TensorFlow", "Keras on torch")
    rows = []

    def add(label: str, medians: dict[str, float], best: Callable[..., str]) -> None:
        backends = {name: medians[name] for name in keras if name in medians}
        fastest = best(backends, key=backends.__getitem__) if backends else None
        cells = [number(medians[name]) if name in medians else "" for name in ("PyTorch", "scikit-learn")]
        backend = f"{number(backends[fastest])} ({fastest.removeprefix('Keras on ')})" if fastest else ""
        rows.append([label, number(medians["lepton"]), cells[0], backend, cells[1]])

    for name, workload in WORKLOADS.items():
        if name in results:
            medians = {label: values["median"] for label, values in results[name]["rates"].items()}
            add(f"training {workload.title}, samples/s", medians, max)
    if "predict-mlp-128" in results:
        figures = results["predict-mlp-128"]
        row = {label: values["median"] for label, values in figures["row"]["microseconds"].items()}
        add("predicting one row from Python, MLP, us", {**row, "lepton": row["lepton, Python"]}, min)
        medians = {label: values["median"] for label, values in figures["rows"]["rates"].items()}
        add("predicting 60,000 rows, MLP, samples/s", medians, max)
    if "processes" in results:
        for label, unit in (("milliseconds", "ms"), ("mebibytes", "MiB")):
            job = {
                name.removeprefix("the article's job, "): values["median"]
                for name, values in results["processes"][label].items()
                if name.startswith("the article's job")
            }
            add(f"import and the article's job, {unit}", job, min)
    return f"## At a glance\n\n{table(['', 'lepton', 'PyTorch', 'Keras, best backend', 'scikit-learn'], rows)}"
