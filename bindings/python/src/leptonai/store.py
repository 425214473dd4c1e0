"""`Store`: a folder that keeps datasets, models and checkpoints, shared by processes and safe from crashes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import EllipsisType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeGuard

from . import _core
from .errors import InvalidStateError, NotFoundError, TypeMismatchError, bad_argument

if TYPE_CHECKING:
    from ._core import StoreHandle

__all__ = ["Encryption", "Store", "StoreBlob", "StoreCollection", "StoreDamage", "StoreStatistics"]


@dataclass(frozen=True, slots=True)
class Encryption:
    """Where the key of an encrypted store comes from: one of a file, an environment variable and a callback.

    A key is 32 random bytes, in files and variables its 64 hexadecimal digits (`openssl rand -hex 32`).

    Attributes:
        key_file: Path of a file with the key, which only its owner should be able to read.
        key_environment: Name of an environment variable with the key.
        callback: Given the name of the key that is needed, returns its 32 bytes.
        key_id: The name that the store remembers the key by; a callback needs one for a new store and for a rotation.
            None is the key's fingerprint.
    """

    key_file: str | os.PathLike[str] | None = None
    key_environment: str | None = None
    callback: Callable[[str], bytes] | None = None
    key_id: str | None = None

    def _json(self) -> dict[str, Any]:
        config = {
            "key_file": None if self.key_file is None else os.fspath(self.key_file),
            "key_environment": self.key_environment,
            "callback": None if self.callback is None else True,
            "key_id": self.key_id,
        }
        return {key: value for key, value in config.items() if value is not None}


@dataclass(frozen=True, slots=True)
class StoreBlob:
    """A blob in a list. `chunks` is 0 for one of a single piece."""

    digest: str
    bytes: int
    chunks: int


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """What is in a store.

    Attributes:
        references, blobs, chunks: How many there are.
        logical_bytes: Content of all blobs, each counted in full.
        stored_bytes: The files that hold them.
        unreferenced_bytes: Content of blobs that no reference names.
        deduplication: `logical_bytes / stored_bytes`; 1 for an empty store.
        damaged: References and lists of chunks that cannot be read; `Store.verify` names them.
        encrypted: Whether content is encrypted.
        key_id: The name of the key that the store is sealed with, or None.
        capacity_bytes: The most that the files may take, or None.
        path: The folder.
    """

    path: str
    capacity_bytes: int | None
    references: int
    blobs: int
    chunks: int
    logical_bytes: int
    stored_bytes: int
    unreferenced_bytes: int
    deduplication: float
    damaged: int
    encrypted: bool
    key_id: str | None


@dataclass(frozen=True, slots=True)
class StoreDamage:
    """Something that is not as it was written: `kind` is "blob" or "reference", `name` a digest or a file."""

    kind: str
    name: str
    message: str


@dataclass(frozen=True, slots=True)
class StoreCollection:
    """What a garbage collection removed, or would remove."""

    removed_blobs: int
    removed_chunks: int
    freed_bytes: int
    kept_young_blobs: int
    """Blobs without a reference that were put too short a time ago."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _is_readable(content: object) -> TypeGuard[_Readable]:
    return callable(getattr(content, "read", None))


class Store:
    """An open store. It may be open in any number of processes and threads at once.

    Content is kept under its digest, 64 hexadecimal digits that follow from it; references are names for digests.

        store = Store("folder")
        digest = store.put(b"content")
        store.set_reference("greeting", digest)
        assert store.get(store.reference("greeting")) == b"content"

    Args:
        path: The folder; one that is empty or does not exist becomes a store.
        capacity_bytes: The most that its files may take; None is what the disk allows.
        encryption: The key of a store that is encrypted. A new store is encrypted when it is given, and stays what it
            is for all its life.

    Raises:
        PermissionDeniedError: The folder holds other files, or the key is missing or another.
        ValueError: A key for a store that is not encrypted, or something that is no key.
        CorruptDataError: The store's marker is damaged.
        OSError: The system refused.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        capacity_bytes: int | None = None,
        encryption: Encryption | None = None,
    ) -> None:
        config: dict[str, Any] = {}
        if capacity_bytes is not None:
            if isinstance(capacity_bytes, bool) or not hasattr(capacity_bytes, "__index__"):
                raise bad_argument("capacity_bytes", "an integer of at least 0", capacity_bytes)
            config["capacity_bytes"] = capacity_bytes.__index__()
        if encryption is not None:
            config["encryption"] = _checked(encryption)._json()
        self._path = os.fspath(path)
        self._config = json.dumps(config)
        self._callback = None if encryption is None else encryption.callback
        self._lock = threading.Lock()
        self._handle: StoreHandle | None = self._open()
        self._pid = os.getpid()

    def _open(self) -> StoreHandle:
        return _core.store_open(self._path, self._config, self._callback)

    def _native(self) -> StoreHandle:
        if self._pid != os.getpid():
            # Handles stay with the parent; the folder is shared anyway.
            self._lock = threading.Lock()
            self._pid = os.getpid()
            if self._handle is not None:
                self._handle = self._open()
        if self._handle is None:
            raise InvalidStateError("this store is closed; open it again")
        return self._handle

    # ---- blobs

    def put(self, content: Any) -> str:
        """Stores content and returns its digest; when it returns, the content is on the disk.

        Args:
            content: Bytes, anything with a buffer (an array), an open binary file, or an iterable of bytes.

        Raises:
            ResourceExhaustedError: It does not fit into `capacity_bytes`.
            OSError: The disk is full, or the system refused for another reason. The store is then as it was.
        """
        if _is_readable(content):
            return _core.store_put_stream(self._native(), content.read)
        if isinstance(content, Iterable) and not _has_buffer(content):
            if isinstance(content, str):
                raise bad_argument("content", "bytes (encode text first)", content, TypeMismatchError)
            return _core.store_put_stream(self._native(), _Pieces(iter(content)).read)
        return _core.store_put(self._native(), content)

    def get(self, digest: str) -> bytes:
        """The content of a blob, checked against its digest.

        Raises:
            NotFoundError: There is no such blob.
            CorruptDataError: It is damaged, or was tampered with.
        """
        return bytes(self.map(digest))

    def map(self, digest: str) -> memoryview:
        """A blob as memory that can only be read: `numpy.frombuffer(store.map(digest), "float32")`.

        Of a plain store it is the blob's files, mapped, which all processes share; of an encrypted one a copy.
        """
        return _core.store_map(self._native(), digest)

    def remove(self, digest: str) -> None:
        """Removes a blob. Views of it stay valid.

        Raises:
            InvalidStateError: A reference names it.
        """
        _core.store_remove(self._native(), digest)

    def blobs(self) -> list[StoreBlob]:
        """All blobs, by digest. One whose list of chunks is damaged is left out; `verify` names it."""
        return [StoreBlob(**blob) for blob in self._list()["blobs"]]

    # ---- references

    def set_reference(self, name: str, digest: str, *, expecting: str | EllipsisType | None = ...) -> None:
        """Makes `name` stand for a blob.

        Args:
            name: 1 to 255 bytes, such as "churn/model".
            digest: The blob.
            expecting: Only if the name still stands for this digest, or with None only if it is new. Of several who
                change it at once, one succeeds.

        Raises:
            InvalidStateError: It stands for something else than expected.
            NotFoundError: There is no such blob.
        """
        if isinstance(expecting, EllipsisType):
            _core.store_set_reference(self._native(), name, digest, None)
        elif expecting == "":
            raise bad_argument("expecting", "a digest, or None", expecting)
        else:
            _core.store_set_reference(self._native(), name, digest, expecting or "")

    def reference(self, name: str) -> str:
        """The digest that `name` stands for.

        Raises:
            NotFoundError: There is no such reference.
        """
        return _core.store_get_reference(self._native(), name)

    def remove_reference(self, name: str, *, expecting: str | None = None) -> None:
        """Removes a reference; its blob stays. With `expecting`, only if it still stands for that digest."""
        _core.store_remove_reference(self._native(), name, expecting)

    def references(self) -> dict[str, str]:
        """Digests by name, sorted by name. A reference that is damaged is left out; `verify` names it."""
        return {reference["name"]: reference["digest"] for reference in self._list()["references"]}

    def __contains__(self, name: str) -> bool:
        try:
            self.reference(name)
        except NotFoundError:
            return False
        return True

    # ---- upkeep

    def statistics(self) -> StoreStatistics:
        """What is in the store, counted anew."""
        return StoreStatistics(**json.loads(_core.store_statistics(self._native())))

    def verify(self) -> list[StoreDamage]:
        """Reads everything, compares it with its digests, and returns what is not as it was written."""
        _, damages = _core.store_verify(self._native())
        return [StoreDamage(*damage) for damage in damages]

    def collect_garbage(self, older_than: float = 3600, *, dry_run: bool = False) -> StoreCollection:
        """Removes blobs that no reference names, and chunks that no blob has.

        Args:
            older_than: Seconds; a blob that was put later stays, as its reference may be on its way.
            dry_run: Only say what would be removed.

        Raises:
            CorruptDataError: A reference is damaged, so that it is not known what it names. Nothing is removed.
        """
        return StoreCollection(*_core.store_collect(self._native(), float(older_than), dry_run))

    def rotate_key(self, encryption: Encryption) -> None:
        """Seals an encrypted store with another key. Blobs are not rewritten, and who has it open goes on."""
        encryption = _checked(encryption)
        _core.store_rotate_key(self._native(), json.dumps(encryption._json()), encryption.callback)
        with self._lock:
            self._config = json.dumps({**json.loads(self._config), "encryption": encryption._json()})
            self._callback = encryption.callback

    def close(self) -> None:
        """Lets go of the store. Views of its blobs stay valid. Closing twice is no error."""
        self._handle = None

    def _list(self) -> dict[str, list[dict[str, Any]]]:
        listing: dict[str, list[dict[str, Any]]] = json.loads(_core.store_list(self._native()))
        return listing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Store {self._path!r}{' (closed)' if self._handle is None else ''}>"


class _Pieces:
    """An iterator of bytes as something to read from: pieces are handed on in parts that fit."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def read(self, size: int) -> memoryview:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return self._rest
            self._rest = memoryview(piece).cast("B")
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


def _has_buffer(content: object) -> bool:
    try:
        memoryview(content)  # type: ignore[arg-type]  # whether it may be is the question
    except TypeError:
        return False
    return True


def _checked(encryption: object) -> Encryption:
    if not isinstance(encryption, Encryption):
        raise bad_argument("encryption", "an Encryption", encryption, TypeMismatchError)
    return encryption
