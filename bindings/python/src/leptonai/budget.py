"""Budgets, and what a fit is expected to take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["BudgetStatus", "Estimate"]


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """How a budget stands.

    Attributes:
        limit: The most that may be spent, in `currency`.
        spent: What was spent, exactly.
        currency: ISO 4217 code.
        fraction: The spent part of the limit.
        exceeded: Whether work is stopped and refused.
        warn_at: The part of the limit at which a warning is given.
        tenant: Whose spending counts; None for everybody's.
        period: "total" or "month".
    """

    limit: Decimal
    spent: Decimal
    currency: str
    fraction: float
    exceeded: bool
    warn_at: float
    tenant: str | None
    period: str


def budget_status(text: str) -> BudgetStatus | None:
    """The library's JSON as a `BudgetStatus`."""
    data: dict[str, Any] | None = json.loads(text)
    if data is None:
        return None
    return BudgetStatus(**{**data, "limit": Decimal(data["limit"]), "spent": Decimal(data["spent"])})


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a fit is expected to take.

    Attributes:
        seconds: From the call to its return.
        seconds_per_step: Of one training step.
        steps: Training steps of all epochs.
        memory_bytes: For parameters, optimizer, activations, gradients and converted data.
        cores: On how many cores it was estimated.
        cost: The price of the resources for that time.
        currency: ISO 4217 code.
    """

    seconds: float
    seconds_per_step: float
    steps: int
    memory_bytes: int
    cores: int
    cost: Decimal
    currency: str

    def __str__(self) -> str:
        return (
            f"{self.seconds:.3g} s on {self.cores} cores, {self.steps} steps, {self.memory_bytes / 2**20:.1f} MiB, "
            f"{self.cost} {self.currency}"
        )
