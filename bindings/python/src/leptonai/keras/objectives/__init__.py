"""Losses and metrics of a user's own: their code is read once, and then runs in the library."""

from .own import OwnObjectives, is_own_loss, is_own_metric

__all__ = ["OwnObjectives", "is_own_loss", "is_own_metric"]
