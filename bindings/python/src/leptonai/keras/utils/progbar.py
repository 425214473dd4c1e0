"""The progress display: a bar on terminals and in notebooks, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ...errors import bad_argument
from .state import is_interactive_logging_enabled

WIDTH = 20
INTERVAL = 0.05
"""Seconds between two redraws."""

_BOLD, _GREEN, _GREY, _END = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def is_dynamic() -> bool:
    """Whether standard output can redraw a line."""
    if not is_interactive_logging_enabled():
        return False
    return bool(getattr(sys.stdout, "isatty", lambda: False)()) or "ipykernel" in sys.modules


def resolve_verbose(verbose: object) -> int:
    """0, 1 or 2. "auto" is a bar where one can be redrawn, otherwise one plain line per epoch."""
    if verbose == "auto":
        return 1 if is_dynamic() else 2
    if isinstance(verbose, bool | int) and int(verbose) in (0, 1, 2):
        return int(verbose)
    raise bad_argument("verbose", '"auto", 0, 1 or 2', verbose)


def print_message(message: str) -> None:
    """Writes a line to standard output, whatever that is at the moment, or to the log."""
    if is_interactive_logging_enabled():
        sys.stdout.write(message + "\n")
        sys.stdout.flush()
        return
    from logging import getLogger

    getLogger("leptonai").info(message.strip())


class Progbar:
    """One line of progress, from 0 to `target` steps.

    Args:
        target: Steps in all; None when that is not known yet.
        verbose: 1 draws a bar, redrawn at most every 0.05 s; 2 writes one line at the end; 0 nothing.
    """

    def __init__(self, target: int | None, verbose: int = 1) -> None:
        self.target = target
        self._verbose = verbose
        self._dynamic = is_dynamic()
        self._colour = self._dynamic and "NO_COLOR" not in os.environ
        self._block = _block()
        self._widget = notebook_bar() if verbose == 1 and self._dynamic else None
        self._start = time.monotonic()
        self._after_first: float | None = None
        self._drawn = self._start
        self._shown = 0

    def update(self, current: int, logs: Mapping[str, Any] | None = None, finalize: bool | None = None) -> None:
        """Shows that `current` steps are done.

        Args:
            logs: Numbers to show as they are.
            finalize: Whether this is the last; by default when `current` reaches the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        now = time.monotonic()
        step_time = self._step_time(current, now)
        if self._verbose == 1 and self._dynamic:
            if not finalize and now - self._drawn < INTERVAL:
                return
            if self._widget is not None:
                self._widget.show(current, self.target, now - self._start, logs or {}, finalize)
                self._drawn = now
            else:
                self._redraw(current, now, step_time, logs or {}, finalize)
        elif self._verbose and finalize:
            self._write_line(current, now, step_time, logs or {})

    def _step_time(self, current: int, now: float) -> float:
        """Seconds per step; the first step, which is seldom like the others, counts only while it is alone."""
        if current < 1:
            return 0.0
        if self._after_first is not None and current > 1:
            return (now - self._after_first) / (current - 1)
        if current == 1:
            self._after_first = now
        return (now - self._start) / current

    def _redraw(self, current: int, now: float, step_time: float, logs: Mapping[str, Any], finalize: bool) -> None:
        if self.target is None:
            done, clock, count = 0, now - self._start, f"{current:>7}/Unknown"
        else:
            done = WIDTH * current // max(self.target, 1)
            clock = now - self._start if finalize else step_time * (self.target - current)
            count = f"{current:>{len(str(self.target))}}/{self.target}"
        plain = f"{count} {self._block * WIDTH} {_clock(clock)} {_per_step(step_time)}{_numbers(logs)}"
        line = plain
        if self._colour:
            bar = f"{_GREEN}{self._block * done}{_END}{_GREY}{self._block * (WIDTH - done)}{_END}"
            rest = f"{_BOLD}{_clock(clock)}{_END} {_per_step(step_time)}{_numbers(logs)}"
            line = f"{_BOLD}{count}{_END} {bar} {rest}"
        padding = " " * max(self._shown - len(plain), 0)
        sys.stdout.write("\r" + line + padding + ("\n" if finalize else ""))
        sys.stdout.flush()
        self._shown = 0 if finalize else len(plain)
        self._drawn = now

    def _write_line(self, current: int, now: float, step_time: float, logs: Mapping[str, Any]) -> None:
        clock = _clock(now - self._start)
        target = "Unknown" if self.target is None else self.target
        if self._verbose == 1:
            line = f"{current}/{target} {self._block * WIDTH} {clock} {_per_step(step_time)}{_numbers(logs)}"
        else:
            line = f"{current}/{target} - {clock} - {_per_step(step_time)}{_numbers(logs)}"
        print_message(line)


class NotebookBar:
    """A bar that a notebook draws, as tqdm.notebook's looks."""

    def __init__(self, display: Any, html: Any) -> None:
        self._html = html
        self._handle = display(html(""), display_id=True)

    def show(self, current: int, target: int | None, seconds: float, logs: Mapping[str, Any], finalize: bool) -> None:
        """Draws it anew."""
        from html import escape

        of = "" if target is None else f"/{target}"
        share = 0 if not target else 100 * current // target
        rate = current / seconds if seconds > 0 else 0.0
        left = "?" if not rate or target is None else _minutes((target - current) / rate)
        numbers = "".join(f", {name}={_number(value):.4g}" for name, value in logs.items())
        colour = "#2e7d32" if finalize else "#1976d2"
        self._handle.update(
            self._html(
                f"<div style='font-family:monospace'>{share:3d}% <progress value='{current}' max='{target or current}' "
                f"style='accent-color:{colour};width:16em'></progress> {current}{of} "
                f"[{_minutes(seconds)}&lt;{left}, {rate:.2f}step/s{escape(numbers)}]</div>"
            )
        )


def notebook_bar() -> NotebookBar | None:
    """A bar for the notebook that this runs in; None elsewhere."""
    if "ipykernel" not in sys.modules:
        return None
    try:
        shown = import_module("IPython.display")
    except ImportError:
        return None
    return NotebookBar(shown.display, shown.HTML)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def _block() -> str:
    """What bars are drawn with: "=" where the output's encoding has nothing better."""
    try:
        "━".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "="
    return "━"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if whole > 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{seconds:.0f}s"


def _per_step(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.0f}ms/step"
    return f"{seconds * 1e6:.0f}us/step"


def _number(value: Any) -> float:
    """Of a metric with several values, as Keras, their mean."""
    return float(value.mean()) if getattr(value, "ndim", 0) else float(value)


def _numbers(logs: Mapping[str, Any]) -> str:
    parts = []
    for name, value in logs.items():
        number = _number(value)
        parts.append(f" - {name}: {number:.4f}" if abs(number) > 1e-3 else f" - {name}: {number:.4e}")
    return "".join(parts)
