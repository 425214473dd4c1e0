"""Pictures of trainings and models, with matplotlib and Graphviz, which are optional dependencies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .errors import bad_argument
from .keras.files.optional import require

__all__ = ["history", "model", "usage"]


def history(
    of: Any, metrics: Any = None, *, to_file: str | os.PathLike[str] | None = None, title: str | None = None
) -> Any:
    """Curves of loss and metrics over the epochs: one set of axes for each, training and validation in one.

    Args:
        of: What fit returned, or a dict of lists as its `history` is.
        metrics: Names of those to show, without "val_"; by default all.
        to_file: Where the picture is saved; None for nowhere.
        title: Above it.

    Returns:
        matplotlib's Figure, which notebooks show.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: Nothing to show, or an unknown name.
    """
    numbers = of if isinstance(of, Mapping) else getattr(of, "history", None)
    if not isinstance(numbers, Mapping) or not numbers:
        raise bad_argument("history", "what fit returned, with at least one epoch", f"a {type(of).__name__}")
    names = [name for name in numbers if not name.startswith("val_")]
    names += [name[4:] for name in numbers if name.startswith("val_") and name[4:] not in names]
    if metrics is not None:
        wanted = [metrics] if isinstance(metrics, str) else list(metrics)
        unknown = [name for name in wanted if name not in names]
        if unknown or not wanted:
            raise bad_argument("metrics", f"names among {', '.join(names)}", ", ".join(unknown))
        names = wanted
    # Not pyplot: nothing is shown or kept open by itself, whatever windows there are.
    figures = require("matplotlib.figure", "plot.history", "plot")
    figure = figures.Figure(figsize=(5 * len(names), 4), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    epochs = list(getattr(of, "epoch", ()))
    for name, place in zip(names, axes, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            values = numbers.get(key)
            if values:
                # A validation every few epochs has fewer numbers than there are epochs.
                steps = epochs if len(epochs) == len(values) else range(len(values))
                place.plot([step + 1 for step in steps], values, label=label, marker="." if len(values) < 30 else None)
        place.set_xlabel("epoch")
        place.set_title(name)
        place.legend()
        place.grid(alpha=0.3)
    if title is not None:
        figure.suptitle(title)
    if to_file is not None:
        figure.savefig(os.fspath(to_file))
    return figure


def model(of: Any, to_file: str | os.PathLike[str] | None = None, *, show_shapes: bool = True, **options: Any) -> Any:
    """A drawing of a model's layers; arguments as `keras.utils.plot_model`.

    Args:
        of: The model.
        to_file: Where it is saved; its ending says the format, and ".dot" needs no Graphviz. None for nowhere.
        show_shapes: Whether shapes are shown.

    Returns:
        A drawing that notebooks show.
    """
    from .keras.utils.drawing import model_to_dot

    drawing = model_to_dot(of, show_shapes=show_shapes, **options)
    if to_file is not None:
        drawing.write(to_file)
    return drawing


def usage(of: Any, *, to_file: str | os.PathLike[str] | None = None, title: str | None = None) -> Any:
    """What was allocated in the course of time, one set of axes for each resource that was, tenants stacked; and what
    each tenant has to pay.

    Args:
        of: What `client.usage()` returned.
        to_file: Where the picture is saved; None for nowhere.
        title: Above it.

    Returns:
        matplotlib's Figure, which notebooks show.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: Nothing was used.
    """
    series = getattr(of, "data", {}).get("series")
    if not series or not series["tenants"]:
        raise bad_argument("of", "what client.usage() returned, with at least one record", f"a {type(of).__name__}")
    units = {"cores": 1, "memory": 2**30, "storage": 2**30, "accelerators": 1}
    names = [name for name in units if any(map(float, series["allocated"][name]))]
    figures = require("matplotlib.figure", "plot.usage", "plot")
    figure = figures.Figure(figsize=(5 * (len(names) + 1), 4), layout="constrained")
    axes = figure.subplots(1, len(names) + 1, squeeze=False)[0]
    tenants = list(series["tenants"])
    for name, place in zip(names, axes, strict=False):
        rows = [[float(value) / units[name] for value in series["tenants"][tenant].get(name, ())] for tenant in tenants]
        count = len(series["allocated"][name])
        times = [float(series["step_seconds"]) * (step + 0.5) for step in range(count)]
        place.stackplot(times, [row or [0.0] * count for row in rows], labels=[tenant or "all" for tenant in tenants])
        place.set_title(name if units[name] == 1 else f"{name} (GiB)")
        place.set_xlabel("seconds since the start")
        place.grid(alpha=0.3)
    axes[0].legend()
    axes[-1].bar([tenant or "all" for tenant in of.tenants], [float(cost) for cost in of.tenants.values()])
    axes[-1].set_title(f"cost ({of.currency})")
    if title is not None:
        figure.suptitle(title)
    if to_file is not None:
        figure.savefig(os.fspath(to_file))
    return figure
