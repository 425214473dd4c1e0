"""Seeds."""

import numpy as np

from ...errors import bad_argument
from .._seeds import set_global_seed


def set_random_seed(seed: int) -> None:
    """Seeds Python's `random`, NumPy's global generator, and every model that is created from now on.

    Args:
        seed: 0 ... 2**32 - 1.
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed.__index__() < 2**32:
        raise bad_argument("seed", "an integer in 0 ... 4294967295", seed)
    import random

    number = seed.__index__()
    random.seed(number)
    np.random.seed(number)
    set_global_seed(number)
