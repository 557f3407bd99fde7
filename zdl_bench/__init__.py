"""zdl_bench: which optimizer, at which learning rate, learns faster and steadier, and how sure can we be?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zdl_bench.report.comparison import comparisons
    from zdl_bench.store.frames import Results, load_results

__version__ = "0.1.0"
__all__ = ["Results", "__version__", "comparisons", "load_results"]


def __getattr__(name: str) -> Any:
    """Import names that need pandas only when they are used, because every worker imports this package."""
    if name in ("Results", "load_results"):
        from zdl_bench.store import frames

        return getattr(frames, name)
    if name == "comparisons":
        from zdl_bench.report.comparison import comparisons

        return comparisons
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
