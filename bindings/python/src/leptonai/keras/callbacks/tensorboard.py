"""Logs that TensorBoard shows."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ...errors import bad_argument, refuse_unless_default
from .callback import Callback, Logs

if TYPE_CHECKING:
    from ..models.model import Model
    from .event_files import EventFileWriter


class TensorBoard(Callback):
    """Writes event files for TensorBoard, into the folders "train" and "validation" of `log_dir`.

    Scalars are "epoch_loss" and the like by epoch, "evaluation_loss_vs_iterations" by step, and with `update_freq`
    "batch_loss" by batch. Neither TensorFlow nor TensorBoard is needed to write them.

    Args:
        log_dir: The folder.
        histogram_freq: Epochs between two histograms of all weights; 0 for none.
        write_graph: Whether the model's config is written, for TensorBoard's graph page.
        write_steps_per_second: Whether the steps per second are written.
        update_freq: "epoch"; "batch", or a number of batches, writes batches, too.
        write_images, profile_batch, embeddings_freq, embeddings_metadata: Only the defaults.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        refuse_unless_default(
            "TensorBoard",
            {"profile_batch": "use perf on the process"},
            write_images=(write_images, False),
            profile_batch=(profile_batch, 0),
            embeddings_freq=(embeddings_freq, 0),
            embeddings_metadata=(embeddings_metadata, None),
        )
        if update_freq == "batch":
            update_freq = 1
        if update_freq != "epoch" and (not isinstance(update_freq, int) or update_freq < 1):
            raise bad_argument("update_freq", "'epoch', 'batch' or a number of batches, at least 1", update_freq)
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = update_freq
        self._writers: dict[str, EventFileWriter] = {}
        self._batches = 0
        self._epoch_began = (0.0, 0)
        self._batch_began = 0.0
        if update_freq != "epoch":
            # Only then, so that others do not pay for a call after each batch.
            self.on_train_batch_begin = self._before_batch  # type: ignore[method-assign]
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]

    def _writer(self, name: str) -> EventFileWriter:
        from .event_files import EventFileWriter

        if name not in self._writers:
            self._writers[name] = EventFileWriter(os.path.join(self.log_dir, name))  # noqa: PTH118
        return self._writers[name]

    def _scalars(self, name: str, logs: Logs, step: int) -> None:
        from .event_files import scalar

        numbers: dict[str, float] = {}
        for tag, value in logs.items():
            if getattr(value, "ndim", 0):
                numbers.update({f"{tag}/{place}": float(part) for place, part in enumerate(value)})
            else:
                numbers[tag] = value
        self._writer(name).add([scalar(tag, value) for tag, value in numbers.items()], step)

    def set_model(self, model: Model) -> None:
        super().set_model(model)
        self._close()
        self._writers = {}
        if self.write_graph:
            from .event_files import text_of_model

            self._writer("train").add([text_of_model("keras", model.to_json())], 0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._batches = 0

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()
        self._writers = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_began = (time.monotonic(), self.model.optimizer.iterations)

    def _before_batch(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        self._batch_began = time.monotonic()

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        if self._batches % int(self.update_freq):
            return
        numbers = {f"batch_{name}": value for name, value in (logs or {}).items()}
        if self.write_steps_per_second:
            seconds = max(time.monotonic() - self._batch_began, 1e-9)
            numbers = {"batch_steps_per_second": 1 / seconds, **numbers}
        self._scalars("train", numbers, self._batches)

    def on_test_end(self, logs: Logs | None = None) -> None:
        numbers = {f"evaluation_{name}_vs_iterations": value for name, value in (logs or {}).items()}
        self._scalars("validation", numbers, self.model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        train = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
        if train:
            train["epoch_learning_rate"] = float(self.model.optimizer.learning_rate)
            if self.write_steps_per_second:
                began, iterations = self._epoch_began
                seconds = max(time.monotonic() - began, 1e-9)
                train["epoch_steps_per_second"] = (self.model.optimizer.iterations - iterations) / seconds
            self._scalars("train", train, epoch)
        validation = {f"epoch_{name[4:]}": value for name, value in logs.items() if name.startswith("val_")}
        if validation:
            self._scalars("validation", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._histograms(epoch)

    def _histograms(self, epoch: int) -> None:
        from .event_files import histogram

        weights = zip(self.model.weights, self.model.get_weights(), strict=True)
        self._writer("train").add([histogram(f"{weight.path}/histogram", value) for weight, value in weights], epoch)

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
