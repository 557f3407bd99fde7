"""The check that a run's dtype can represent its numbers."""

import math

import numpy as np

from zdl_bench.errors import require
from zdl_bench.run.config import DTYPES, Choice


def require_in_dtype(dtype: str, **choices: Choice) -> None:
    """Raise ConfigError for a number that the run's dtype rounds to 0, 1 or infinity.

    Such a number would change the update rule or the problem. A learning rate is not checked: if rounding makes it 0 or
    infinite, the run learns nothing or diverges, as it would do without rounding.
    """
    if dtype not in DTYPES:  # RunConfig raises the error for an unknown dtype
        return
    for group, choice in choices.items():
        for key, value in choice.values.items():
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, float):
                    with np.errstate(over="ignore", under="ignore"):
                        cast = float(np.dtype(dtype).type(number))
                    is_kept = math.isfinite(cast) and (cast == number or cast not in (0, 1))
                    remedy = f"in {dtype} this number is {cast:g}; give a number that {dtype} can represent"
                    remedy += ", or dtype=float64" if dtype == "float32" else ""
                    require(f"{group}.{key}", number, is_kept, remedy)
