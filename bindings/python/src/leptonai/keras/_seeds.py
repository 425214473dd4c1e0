"""The program-wide seed that `keras.utils.set_random_seed` sets, and what it gives to each model."""

import threading

_MASK = 2**64 - 1


class _State:
    lock = threading.Lock()
    seed: int | None = None
    models = 0


def set_global_seed(seed: int) -> None:
    """Every model created from now on is seeded: the first with `seed` itself, as the other languages' seed argument
    does, the later ones from `seed` and their number."""
    with _State.lock:
        _State.seed = seed
        _State.models = 0


def next_model_seed() -> int | None:
    """The seed of the next model, or None when no program-wide seed is set.

    SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) spreads neighbouring seeds and numbers apart.
    """
    with _State.lock:
        if _State.seed is None:
            return None
        _State.models += 1
        if _State.models == 1:
            return _State.seed
        value = (_State.seed + _State.models * 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
