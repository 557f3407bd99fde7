"""The figures of a report, with one file per kind of figure.

The file of a figure has two public functions: one draws a tidy frame on an Axes and is also meant for notebooks, and the other
yields the figures that the report shows.
"""

import os
import sys

from zdl_bench.errors import ConfigError


def _import_matplotlib() -> None:
    """Import matplotlib even if the user's settings break the import.

    Examples of such settings are an unknown MPLBACKEND and a settings file that is not text. Raise ConfigError if the import
    still fails without MPLBACKEND and MATPLOTLIBRC.
    """
    try:
        import matplotlib
    except (ValueError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # the modules that were imported before the failure
        settings = {name: os.environ.pop(name) for name in ("MPLBACKEND", "MATPLOTLIBRC") if name in os.environ}
        try:
            import matplotlib  # noqa: F401
        except (ValueError, OSError) as error:
            raise ConfigError(f"matplotlib cannot read its settings: {error}; correct or delete your matplotlibrc") from error
        finally:
            os.environ.update(settings)


_import_matplotlib()
