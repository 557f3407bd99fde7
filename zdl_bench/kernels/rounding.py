"""The check that this thread rounds as IEEE 754 does by default, on which all bits depend."""

from zdl_bench.errors import ZdlBenchError

SMALLEST_NORMAL = 2.2250738585072014e-308
HALF_STEP = 1.1102230246251565e-16
"""Half the distance from 1 to the next number. Python does not fold operations on named numbers, so the CPU does them."""


class RoundingError(ZdlBenchError):
    """A thread whose floating-point mode was changed, so that its numbers differ from those of other machines."""


def require_default_rounding() -> None:
    """Raise RoundingError if this thread flushes subnormal numbers to zero, or does not round to the nearest number.

    A library that was built with -ffast-math sets these modes when it is loaded, and new threads inherit them.
    """
    if SMALLEST_NORMAL * 0.5 == 0:
        problem = "flushes subnormal numbers to zero"
    elif 1 + HALF_STEP != 1 or -1 - HALF_STEP != -1 or 1 + 3 * HALF_STEP != 1 + 4 * HALF_STEP:
        problem = "does not round to the nearest number"
    else:
        return
    raise RoundingError(
        f"this thread {problem}, so the run would not have the bits that it has elsewhere: a library changed the mode of the "
        "CPU (often one built with -ffast-math); start the sweep without this library"
    )
