"""zdl_bench: which optimizer, at which learning rate, learns faster and steadier, and how sure can we be?

    import zdl_bench as zb

    results = zb.sweep(optimizer=["sgd", "adam"], lr=[1e-3, 1e-2], seed=range(10))
    results.findings(), results.plot("loss_curves"), results.report()
    zb.load_results("results", sweep="NAME")

`docs/notebooks.md` shows what can be done with the results.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zdl_bench.api.findings import Findings
    from zdl_bench.api.results import StoredResults, load_results
    from zdl_bench.api.sweep import sweep
    from zdl_bench.errors import ConfigError, DataError, ExecutorError, StoreError, ZdlBenchError
    from zdl_bench.report.comparison import Comparison, comparisons
    from zdl_bench.store.frames import Results

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "ConfigError",
    "DataError",
    "ExecutorError",
    "Findings",
    "Results",
    "StoreError",
    "StoredResults",
    "ZdlBenchError",
    "__version__",
    "comparisons",
    "load_results",
    "sweep",
]
_PLACES = {
    "api.findings": ("Findings",),
    "api.results": ("StoredResults", "load_results"),
    "api.sweep": ("sweep",),
    "errors": ("ConfigError", "DataError", "ExecutorError", "StoreError", "ZdlBenchError"),
    "report.comparison": ("Comparison", "comparisons"),
    "store.frames": ("Results",),
}
"""Module → the names that it gives this package. A name is imported when it is used, because every worker imports this."""


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
