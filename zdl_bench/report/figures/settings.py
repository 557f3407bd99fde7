"""Settings of matplotlib: those of the house, those for print, and those of a user's style file."""

import logging
from pathlib import Path
from typing import Any

import matplotlib as mpl

from zdl_bench.errors import ConfigError, display
from zdl_bench.run.presentation import Presentation

SETTINGS: Any = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so it is the same on every machine
    "figure.dpi": 110,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "font.size": 10,
}
PRINT: Any = {
    **dict.fromkeys(
        ("font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 7
    ),
    **dict.fromkeys(("axes.linewidth", "grid.linewidth", "xtick.major.width", "ytick.major.width"), 0.5),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size", "xtick.major.pad", "ytick.major.pad", "axes.labelpad"), 2.5),
    "figure.dpi": 300,
}
"""Settings of figures for print, in points."""
FIXED: Any = {
    "svg.hashsalt": "zdl_bench",
    "pdf.fonttype": 42,  # TrueType: text that can be searched, and that journals accept
    "ps.fonttype": 42,
    "text.parse_math": False,  # names are shown unchanged, even if they contain a $
    "savefig.bbox": None,  # a figure has the size that was asked for
}
"""Settings that no style file changes."""
NO_LOOK = (
    "backend",
    "interactive",
    "savefig",
    "tk.",
    "toolbar",
    "timezone",
    "webagg.",
    "figure.max",
    "figure.raise",
    "keymap.",
)
"""The starts of settings that do not concern the look of a figure. A style file does not change them."""
MAX_STYLE_BYTES = 1_000_000


def settings_of(presentation: Presentation) -> Any:
    """Return the settings of a presentation, beside matplotlib's defaults. Raise ConfigError if its style file is wrong."""
    own = read_style_file(presentation.style_file) if presentation.style_file else {}
    return SETTINGS | (PRINT if presentation.is_for_print else {}) | own | FIXED


class _Complaints(logging.Handler):
    """A handler that keeps messages, since matplotlib only warns of a line that it cannot read."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def read_style_file(path: Path) -> dict[str, Any]:
    """Return the settings in a matplotlib style file, without those that do not concern the look of figures.

    Raise ConfigError if the file cannot be read, if matplotlib does not know a setting or a value, or if the file asks for TeX.
    """
    complaints = _Complaints()
    log = logging.getLogger("matplotlib")
    handlers, propagates = log.handlers[:], log.propagate
    log.handlers, log.propagate = [complaints], False
    try:
        if path.stat().st_size > MAX_STYLE_BYTES:
            raise ValueError(f"it has more than {MAX_STYLE_BYTES:,} bytes")
        settings = mpl.rc_params_from_file(str(path), use_default_template=False)
    except (OSError, ValueError) as error:
        complaints.texts.append(str(error))
        settings = mpl.RcParams()
    finally:
        log.handlers, log.propagate = handlers, propagates
    given = f"figure.style={display(str(path))}"
    if complaints.texts:
        reason = next(line for line in complaints.texts[0].splitlines() if line.strip())
        raise ConfigError(f"{given}: matplotlib cannot read this style file ({display(reason)}); correct it")
    if settings.get("text.usetex"):
        raise ConfigError(f"{given}: text.usetex is on, but names are shown as they are, not as TeX; delete that line")
    return {key: value for key, value in settings.items() if not key.startswith(NO_LOOK)}
