"""Figures, one per file: a tidy frame and an Axes in, the Axes out. They work from a notebook as well."""

import os
import sys

from zdl_bench.errors import ConfigError


def _import_matplotlib() -> None:
    """Import matplotlib, even if the user's settings keep it from starting.

    MPLBACKEND may name a backend that is not here, and a file of settings may be no text.
    """
    try:
        import matplotlib
    except (ValueError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # what was imported before it failed
        kept = {name: os.environ.pop(name) for name in ("MPLBACKEND", "MATPLOTLIBRC") if name in os.environ}
        try:
            import matplotlib  # noqa: F401
        except (ValueError, OSError) as error:
            raise ConfigError(f"matplotlib cannot read its settings: {error}; mend or remove the file matplotlibrc") from error
        finally:
            os.environ.update(kept)


_import_matplotlib()
