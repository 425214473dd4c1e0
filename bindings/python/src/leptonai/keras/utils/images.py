"""Images from folders. They are read with Pillow, an optional dependency."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import bad_argument, refuse_unless_default
from ..files.optional import require
from .progbar import print_message
from .py_dataset import PyDataset

_FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}


class ImageDataset(PyDataset):
    """Batches of images from files.

    Attributes:
        class_names: Names of the classes, by number.
        file_paths: The files.
    """

    def __init__(
        self,
        paths: list[str],
        labels: NDArray[Any] | None,
        class_names: list[str],
        *,
        batch_size: int,
        size: tuple[int, int],
        mode: str,
        interpolation: str,
        crop: bool,
        shuffle: bool,
        seed: int,
    ) -> None:
        super().__init__()
        self.file_paths = paths
        self.class_names = class_names
        self._labels = labels
        self._batch_size = batch_size
        self._size = size
        self._mode = mode
        self._interpolation = interpolation
        self._crop = crop
        self._shuffle = np.random.RandomState(seed) if shuffle else None
        self._order = np.arange(len(paths))

    def __len__(self) -> int:
        return math.ceil(len(self.file_paths) / self._batch_size)

    def __getitem__(self, index: int) -> Any:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        images = np.stack([self._read(self.file_paths[place]) for place in chosen])
        return images if self._labels is None else (images, self._labels[chosen])

    def on_epoch_end(self) -> None:
        if self._shuffle is not None:
            self._shuffle.shuffle(self._order)

    def _read(self, path: str) -> NDArray[np.float32]:
        image = require("PIL.Image", "reading images", "images")
        with image.open(path) as opened:
            pixels = np.asarray(opened.convert(_MODES[self._mode]), np.float32)
        if pixels.ndim == 2:
            pixels = pixels[..., np.newaxis]
        if self._crop:
            pixels = _cropped(pixels, self._size)
        return resized(pixels, self._size, self._interpolation)


def _cropped(pixels: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """The largest part from the middle with the proportions of `size`."""
    height, width = pixels.shape[:2]
    rows = min(height, max(width * size[0] // size[1], 1))
    columns = min(width, max(height * size[1] // size[0], 1))
    top, left = (height - rows) // 2, (width - columns) // 2
    return pixels[top : top + rows, left : left + columns]


def resized(pixels: NDArray[np.float32], size: tuple[int, int], interpolation: str) -> NDArray[np.float32]:
    """An image (height, width, channels) of another size; pixels are read at the new ones' centres."""
    if pixels.shape[:2] == size:
        return pixels
    for axis, extent in enumerate(size):
        given = pixels.shape[axis]
        place = (np.arange(extent) + 0.5) * given / extent
        if interpolation == "nearest":
            pixels = pixels.take(np.minimum(place.astype(np.int64), given - 1), axis)
            continue
        place = np.clip(place - 0.5, 0, given - 1)
        low = place.astype(np.int64)
        part = (place - low).astype(np.float32).reshape([-1 if other == axis else 1 for other in range(pixels.ndim)])
        high = np.minimum(low + 1, given - 1)
        pixels = pixels.take(low, axis) * (1 - part) + pixels.take(high, axis) * part
    return pixels


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
) -> Any:
    """Images from a folder with a folder for each class, as a data set for fit: float32 in 0 ... 255, batch by batch.

    Args:
        directory: The folder.
        labels: "inferred" from the folders' names, None for none, or a number for each file in the files' order.
        label_mode: "int"; "categorical" for one-hot rows; "binary" for 0.0 and 1.0; None for none.
        class_names: The folders, in the order of their numbers; by default all, by name.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: Images in a batch.
        image_size: Height and width of all images.
        shuffle: Whether the files are in a random order.
        seed: For the order; needed when the files are split and shuffled.
        validation_split: Fraction of the files held out for validation.
        subset: "training", "validation" or "both", when the files are split.
        interpolation: "bilinear" or "nearest".
        follow_links: Whether links to folders are followed.
        crop_to_aspect_ratio: Whether images are cut rather than stretched.
        verbose: Whether it says how many files it found.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: An argument out of range, or no images.
    """
    require("PIL.Image", "image_dataset_from_directory", "images")
    refuse_unless_default(
        "image_dataset_from_directory",
        {"pad_to_aspect_ratio": "use crop_to_aspect_ratio"},
        pad_to_aspect_ratio=(pad_to_aspect_ratio, False),
        data_format=(None if data_format == "channels_last" else data_format, None),
    )
    for name, value, known in (
        ("label_mode", label_mode, ("int", "categorical", "binary", None)),
        ("color_mode", color_mode, tuple(_MODES)),
        ("interpolation", interpolation, ("bilinear", "nearest")),
        ("subset", subset, ("training", "validation", "both", None)),
    ):
        if value not in known:
            raise bad_argument(name, f"one of {', '.join(map(str, known))}", value)
    if (validation_split is None) != (subset is None):
        raise bad_argument("subset", "both validation_split and subset, or neither", f"{validation_split}, {subset}")
    if validation_split is not None and not 0 < validation_split < 1:
        raise bad_argument("validation_split", "a fraction between 0 and 1", validation_split)
    if validation_split is not None and shuffle and seed is None:
        raise bad_argument("seed", "a seed, so that training and validation have no file in common", None)
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or min(size) < 1 or batch_size < 1:
        raise bad_argument("image_size", "a height and a width", image_size)

    paths, numbers, names = _listed(os.fspath(directory), labels, class_names, follow_links)
    if label_mode == "binary" and len(names) != 2:
        raise bad_argument("label_mode", f"not 'binary' for {len(names)} classes", label_mode)
    if verbose:
        print_message(f"Found {len(paths)} files{f' belonging to {len(names)} classes' if names else ''}.")
    drawn = int(np.random.randint(10**6)) if seed is None else seed
    if shuffle:
        order = np.random.RandomState(drawn).permutation(len(paths))
        paths = [paths[place] for place in order]
        numbers = None if numbers is None else numbers[order]

    def part(rows: slice, is_training: bool) -> ImageDataset:
        if not paths[rows]:
            raise bad_argument("directory", f"images ({', '.join(_FORMATS)})", f"none in {directory}")
        return ImageDataset(
            paths[rows],
            None if numbers is None or label_mode is None else _encoded(numbers[rows], label_mode, len(names)),
            names,
            batch_size=batch_size,
            size=(int(size[0]), int(size[1])),
            mode=color_mode,
            interpolation=interpolation,
            crop=crop_to_aspect_ratio,
            shuffle=shuffle and is_training,
            seed=drawn,
        )

    if validation_split is None:
        return part(slice(None), True)
    held = int(validation_split * len(paths))
    kept = slice(0, len(paths) - held), slice(len(paths) - held, None)
    if subset == "both":
        return [part(kept[0], True), part(kept[1], False)]
    return part(kept[0], True) if subset == "training" else part(kept[1], False)


def _encoded(numbers: NDArray[Any], label_mode: str, classes: int) -> NDArray[Any]:
    if label_mode == "binary":
        return numbers.astype(np.float32)[:, np.newaxis]
    if label_mode == "categorical":
        rows: NDArray[Any] = np.eye(classes, dtype=np.float32)[numbers]
        return rows
    return numbers


def _listed(
    directory: str, labels: Any, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str], NDArray[Any] | None, list[str]]:
    """Files, class numbers and class names."""
    if labels == "inferred":
        folders = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
        names = folders if class_names is None else list(class_names)
        if set(names) - set(folders):
            raise bad_argument("class_names", f"folders of {directory}", ", ".join(sorted(set(names) - set(folders))))
        paths: list[str] = []
        numbers: list[int] = []
        for number, name in enumerate(names):
            found = _files(os.path.join(directory, name), follow_links)  # noqa: PTH118
            paths += found
            numbers += [number] * len(found)
        return paths, np.asarray(numbers, np.int32), names
    paths = _files(directory, follow_links)
    if labels is None:
        return paths, None, []
    if class_names is not None:
        raise bad_argument("class_names", "None unless labels are inferred", class_names)
    if not isinstance(labels, list | tuple) or len(labels) != len(paths):
        raise bad_argument("labels", f"'inferred', None, or {len(paths)} numbers, one a file", labels)
    given = np.asarray(labels, np.int32)
    return paths, given, [str(number) for number in sorted(set(given.tolist()))]


def _files(folder: str, follow_links: bool) -> list[str]:
    found = []
    for root, folders, files in os.walk(folder, followlinks=follow_links):
        folders.sort()
        found += [os.path.join(root, name) for name in sorted(files) if name.lower().endswith(_FORMATS)]  # noqa: PTH118
    return found
