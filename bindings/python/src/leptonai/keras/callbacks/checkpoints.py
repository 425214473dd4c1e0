"""Saving the model during a training: ModelCheckpoint and BackupAndRestore."""

from __future__ import annotations

import json
import os
import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import CorruptDataError, InputOutputError, LeptonError, bad_argument
from ..utils.progbar import print_message
from .callback import Callback, Logs
from .monitor import MonitorCallback

if TYPE_CHECKING:
    from pathlib import Path


class _BatchCounter:
    """Says at which batches to save, when one saves every so many batches."""

    def __init__(self, save_freq: str | int) -> None:
        if save_freq != "epoch" and (not isinstance(save_freq, int) or isinstance(save_freq, bool) or save_freq < 1):
            raise bad_argument("save_freq", "'epoch' or a number of batches, at least 1", save_freq)
        self.save_freq = save_freq
        self._seen = 0
        self._last: int | None = None

    def is_due(self, batch: int) -> bool:
        """Counts a batch; whether it is one to save after."""
        if isinstance(self.save_freq, str):
            return False
        begins_epoch = self._last is None or batch <= self._last
        self._seen += batch + 1 if begins_epoch or self._last is None else batch - self._last
        self._last = batch
        if self._seen < self.save_freq:
            return False
        self._seen = 0
        return True


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after epochs or every so many batches.

    Args:
        filepath: Where; may have fields such as `{epoch:02d}` and `{val_loss:.2f}`, of the epoch, counted from 1, and
            the logs. Ends in ".keras" or ".safetensors"; for weights alone in ".weights.h5" or ".safetensors".
        monitor: The number that says what is best.
        verbose: 1 says when it acts.
        save_best_only: Whether it saves only when the number has improved.
        save_weights_only: Whether it saves weights alone.
        mode: "min", "max", or "auto" to tell from the name.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: The value to improve on at first.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.verbose = verbose
        self.filepath = os.fspath(filepath)
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self._counter = _BatchCounter(save_freq)
        self.save_freq = save_freq
        self._current_epoch = 0
        endings = (".weights.h5" if save_weights_only else ".keras", ".safetensors")
        if not self.filepath.endswith(endings):
            what = "the weights" if save_weights_only else "the model"
            raise bad_argument("filepath", f"a path for {what} that ends in {' or '.join(endings)}", self.filepath)
        if save_freq != "epoch":
            # Only then, so that others do not pay for a call after each batch.
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._current_epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._set_monitor_op_if_needed()
        if self.save_freq == "epoch":
            self._save_model(epoch, None, logs or {})

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        if self._counter.is_due(batch):
            self._set_monitor_op_if_needed()
            self._save_model(self._current_epoch, batch, logs or {})

    def _set_monitor_op_if_needed(self) -> None:
        if self.save_best_only:
            self._set_monitor_op()

    def _save_model(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if not self._should_save(epoch, logs, path):
            return
        if os.path.isdir(path):  # noqa: PTH112
            raise InputOutputError(f"filepath: expected a file for ModelCheckpoint. Received: the folder {path}")
        folder = os.path.dirname(path)  # noqa: PTH120
        if folder:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._say(epoch, f"finished saving model to {path}")

    def _should_save(self, epoch: int, logs: Logs, path: str) -> bool:
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=2)
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self._say(epoch, f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _say(self, epoch: int, what: str) -> None:
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: {what}")

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        fields: dict[str, Any] = {"epoch": epoch + 1, **logs}
        if batch is not None:
            fields.setdefault("batch", batch + 1)
        try:
            return self.filepath.format(**fields)
        except KeyError as error:
            raise KeyError(f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}') from error


class BackupAndRestore(Callback):
    """Backs the training up, so that a fit that was broken off goes on where it was, to the same bits.

    Weights, the optimizer's state, learning rate, seed and counters are kept in a file of the library's own kind. A fit
    with this callback and the same folder begins with what it finds there; a fit that ends removes it.

    Args:
        backup_dir: The folder, used for nothing else.
        save_freq: "epoch", or a number of batches. A fit that goes on begins with the epoch that was broken off.
        double_checkpoint: Whether the backup before is kept, too, in case the latest cannot be read.
        delete_checkpoint: Whether the backup is removed when fit ends.
    """

    # The number of the first epoch must be known before the library begins.
    _begins_before_fit = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise bad_argument("backup_dir", "a folder", backup_dir)
        self.backup_dir = os.fspath(backup_dir)
        self._counter = _BatchCounter(save_freq)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._backups: list[dict[str, Any]] = []
        self._number = 0
        self._current_epoch = 0
        self._batch = 0
        if save_freq != "epoch":
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    @cached_property
    def _folder(self) -> Path:
        # Not imported at start, which is to be quick.
        from pathlib import Path

        return Path(self.backup_dir)

    @property
    def _metadata(self) -> Path:
        return self._folder / "training_metadata.json"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._backups = self._read()
        for number, backup in enumerate(self._backups):
            try:
                self.model._load_state(self._folder / backup["file"])
            except (OSError, LeptonError):
                if number + 1 == len(self._backups):
                    raise
                continue
            self._current_epoch = backup["epoch"]
            self.model._initial_epoch = backup["epoch"]
            break

    def _read(self) -> list[dict[str, Any]]:
        """The backups that there are, the latest first."""
        if not self._metadata.exists():
            return []
        try:
            backups = json.loads(self._metadata.read_text(encoding="utf-8"))["backups"]
            checked = [
                {"file": os.path.basename(item["file"]), "epoch": int(item["epoch"]), "batch": int(item["batch"])}  # noqa: PTH119
                for item in backups
            ]
            if any(item["epoch"] < 0 for item in checked):
                raise ValueError("a negative epoch")
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptDataError(f"backup_dir: expected a backup in {self._metadata}. Received: {error}") from error
        self._number = len(checked)
        return checked

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._current_epoch = epoch + 1
        self._batch = 0
        if self.save_freq == "epoch":
            self._save()

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batch = batch
        if self._counter.is_due(batch):
            self._save()

    def _save(self) -> None:
        """Writes a backup beside the others, then the list that names it, then removes those that are not named: at any
        moment there is a whole backup."""
        self._folder.mkdir(parents=True, exist_ok=True)
        names = {backup["file"] for backup in self._backups}
        while f"state-{self._number}.safetensors" in names:
            self._number += 1
        name = f"state-{self._number}.safetensors"
        self._number += 1
        self.model.save(self._folder / name)
        latest = {"file": name, "epoch": self._current_epoch, "batch": self._batch}
        kept = [latest, *self._backups[: 1 if self.double_checkpoint else 0]]
        text = json.dumps({"backups": kept, "epoch": latest["epoch"], "batch": latest["batch"]})
        fresh = self._metadata.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._metadata)
        for backup in self._backups:
            if backup not in kept:
                (self._folder / backup["file"]).unlink(missing_ok=True)
        self._backups = kept

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.delete_checkpoint or not self._folder.is_dir():
            return
        for backup in self._backups:
            (self._folder / backup["file"]).unlink(missing_ok=True)
        self._backups = []
        self._metadata.unlink(missing_ok=True)
        if not any(self._folder.iterdir()):
            self._folder.rmdir()
