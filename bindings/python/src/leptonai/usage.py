"""What a client reports: utilisation now, and usage and cost so far."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, TypeVar

__all__ = ["Usage", "UsageLine", "UsageRecord", "Utilization"]


@dataclass(frozen=True, slots=True)
class Utilization:
    """How much of a client's pool is allocated. Ratios are allocated / capacity, in 0 ... 1.

    Attributes:
        cores_total, cores_allocated: CPU cores.
        memory_total, memory_allocated: Bytes.
        storage_total, storage_allocated: Bytes.
        cores, memory, storage: The ratio of each.
        dominant_share: The largest ratio (Ghodsi et al., NSDI 2011).
        mean: The mean of the compute and storage ratios.
    """

    cores_total: float
    cores_allocated: float
    memory_total: float
    memory_allocated: float
    storage_total: float
    storage_allocated: float
    cores: float
    memory: float
    storage: float
    dominant_share: float
    mean: float

    def __str__(self) -> str:
        return (
            f"cores {self.cores:.1%} ({self.cores_allocated:g} of {self.cores_total:g}), "
            f"memory {self.memory:.1%} ({_bytes(self.memory_allocated)} of {_bytes(self.memory_total)}), "
            f"storage {self.storage:.1%} ({_bytes(self.storage_allocated)} of {_bytes(self.storage_total)}), "
            f"dominant share {self.dominant_share:.1%}, mean {self.mean:.1%}"
        )


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """What one allocation has used."""

    allocation_id: str
    labels: dict[str, str]
    start: str
    """Start by the wall clock, in UTC, as RFC 3339 writes it."""
    open: bool
    """Whether the allocation is still held."""
    cores: int
    memory_bytes: int
    storage_bytes: int
    duration_seconds: Decimal
    core_seconds: Decimal
    memory_byte_seconds: Decimal
    storage_byte_seconds: Decimal
    tenant: str
    job: str
    accelerators: int
    accelerator_seconds: Decimal


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One line of the bill: a resource of an allocation."""

    allocation_id: str
    resource: str
    """"cores", "memory", "storage" or "accelerators"."""
    amount: int
    """Cores, bytes or accelerators held."""
    billed_seconds: int
    billed_quantity: Decimal
    billed_unit: str
    quantity: Decimal
    unit: str
    """What the price is for, such as "core-hour"."""
    unit_price: Decimal
    cost: Decimal
    start: str
    """Start by the wall clock, in UTC."""
    free_quantity: Decimal
    """What of the billed quantity a free allowance covers."""


class Usage:
    """Usage and cost so far. `str()` is a table for people; numbers of money and use are exact `Decimal`s.

    Attributes:
        data: The whole report as Python values, as docs/accounting.md describes it.
        records: What was used, one per allocation.
        lines: The bill: what it costs, one per allocation and resource.
        total: The exact sum of the lines.
        payable: The total in whole minor units of the currency.
        currency: ISO 4217 code.
        tenants: What each tenant has to pay.
        estimates: Of the fits that were estimated, what they took: dicts with "estimated", "seconds", "cost", "ratio".
        damaged: What of the ledger could not be read, and is not on the bill.
    """

    def __init__(self, json_text: str, table: str) -> None:
        self.data: dict[str, Any] = json.loads(json_text, parse_float=Decimal)
        self._table = table
        self.records = [_typed(UsageRecord, record) for record in self.data["records"]]
        self.lines = [_typed(UsageLine, line) for line in self.data["lines"]]
        self.total = Decimal(self.data["total"])
        self.payable = Decimal(self.data["payable"])
        self.currency: str = self.data["currency"]
        self.tenants = {name: Decimal(cost) for name, cost in self.data.get("tenants", {}).items()}
        self.estimates: list[dict[str, Any]] = self.data.get("estimates", [])
        self.damaged: list[str] = self.data.get("damaged", [])

    def __str__(self) -> str:
        return self._table

    def __repr__(self) -> str:
        return f"<Usage {len(self.records)} records, {self.total} {self.currency}>"


_Row = TypeVar("_Row", UsageRecord, UsageLine)


def _typed(kind: type[_Row], row: dict[str, Any]) -> _Row:
    """`row` as a dataclass: exact numbers, which JSON carries as text, become Decimal. Unknown keys are left out."""
    values: dict[str, Any] = {
        field.name: Decimal(row[field.name]) if field.type == "Decimal" else row[field.name] for field in fields(kind)
    }
    return kind(**values)


def _bytes(amount: float) -> str:
    """`amount` bytes in the largest binary unit that leaves a number of at least 1."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            return f"{amount:.4g} {unit}"
        amount /= 1024
    raise AssertionError("unreachable")
