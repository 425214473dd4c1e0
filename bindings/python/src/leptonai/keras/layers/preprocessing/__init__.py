"""Layers that turn raw features into numbers inside of a model."""

from .lookups import IntegerLookup, StringLookup
from .numbers import CategoryEncoding, Discretization, Hashing, Normalization, Rescaling
from .text import TextVectorization

__all__ = [
    "CategoryEncoding",
    "Discretization",
    "Hashing",
    "IntegerLookup",
    "Normalization",
    "Rescaling",
    "StringLookup",
    "TextVectorization",
]
