"""Figures, one per file: a function that draws a tidy frame on an Axes, for notebooks too, and what a report shows with it."""

import os
import sys

from zdl_bench.errors import ConfigError


def _import_matplotlib() -> None:
    """Import matplotlib even if the user's settings break it: an unknown MPLBACKEND, or a settings file that is no text."""
    try:
        import matplotlib
    except (ValueError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # the part that was imported before it failed
        settings = {name: os.environ.pop(name) for name in ("MPLBACKEND", "MATPLOTLIBRC") if name in os.environ}
        try:
            import matplotlib  # noqa: F401
        except (ValueError, OSError) as error:
            raise ConfigError(f"matplotlib cannot read its settings: {error}; mend or remove the file matplotlibrc") from error
        finally:
            os.environ.update(settings)


_import_matplotlib()
