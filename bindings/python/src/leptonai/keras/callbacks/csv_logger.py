"""Writing the epochs' numbers to a CSV file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from .callback import Callback, Logs

if TYPE_CHECKING:
    import csv


class CSVLogger(Callback):
    """Writes the epochs' loss and metrics to a CSV file, a line per epoch.

    Args:
        filename: The file.
        separator: Between two fields.
        append: Whether lines are added to a file that exists.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.sep = separator
        self.filename = os.fspath(filename)
        self.append = append
        self.writer: csv.DictWriter[str] | None = None
        self.keys: list[str] | None = None
        self.append_header = True
        self.csv_file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.append and os.path.exists(self.filename):  # noqa: PTH110
            with open(self.filename, encoding="utf-8") as file:  # noqa: PTH123
                self.append_header = not file.readline()
        self._close()
        self.csv_file = open(self.filename, "a" if self.append else "w", encoding="utf-8")  # noqa: PTH123, SIM115
        self.writer = None
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                # Validation may come in later epochs only.
                self.keys += [f"val_{key}" for key in self.keys]
        if self.csv_file is None:
            return
        if self.writer is None:
            from csv import DictWriter

            self.writer = DictWriter(self.csv_file, ["epoch", *self.keys], delimiter=self.sep)
            if self.append_header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **{key: _field(logs.get(key, "NA")) for key in self.keys}})
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()
        self.writer = None

    def _close(self) -> None:
        if self.csv_file is not None and not self.csv_file.closed:
            self.csv_file.close()


def _field(value: Any) -> Any:
    is_scalar = isinstance(value, str) or getattr(value, "ndim", None) == 0
    if not is_scalar and isinstance(value, Iterable):
        return f'"[{", ".join(map(str, value))}]"'
    return value
