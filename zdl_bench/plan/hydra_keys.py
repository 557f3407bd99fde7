"""Hydra's own keys and plug-ins: which of them users may set, and what users should give instead of the others."""

import re
from collections.abc import Sequence

from zdl_bench.errors import ConfigError, closest, display, hint

HYDRA_KEY = re.compile(r"[+~]*hydra\b|[^=]*@hydra\b")
SWEEPER = re.compile(r"hydra/sweeper=(?!null$|true$|false$)([A-Za-z_]\w*)")
LAUNCHER = re.compile(r"[+~]*hydra(?:/launcher=([A-Za-z_][\w-]*)|\.launcher\b.*)")
SWEEPER_KEY = re.compile(r"[+~]*hydra\.sweeper\b")
SWEEPER_PARAMS = re.compile(r"[+~]*hydra\.sweeper(\.params\b|=)")
OWN_PLUGIN = "zdl_bench"
LAUNCHERS = (OWN_PLUGIN, "basic")
"""Launchers that hand every job to the sweep in this process."""
PACKAGES = {name: f"hydra-{name}-sweeper" for name in ("ax", "nevergrad", "optuna")}
"""Sweepers of Hydra's project, each in a package of its own."""


def require_open(arguments: Sequence[str]) -> None:
    """Raise ConfigError for a key of Hydra that users may not set. Only a sweeper, its keys, and some launchers are allowed."""
    for argument in filter(HYDRA_KEY.match, arguments):
        launcher = LAUNCHER.fullmatch(argument)
        if launcher and launcher[1] not in LAUNCHERS:
            raise ConfigError(
                f"{display(argument)}: zdl_bench distributes runs itself, without a launcher of Hydra; leave this key out, and "
                "give n_jobs=N for processes, or executor=dask for a cluster"
            )
        if SWEEPER_PARAMS.match(argument):
            raise ConfigError(
                f"{display(argument)}: the values of a sweep are given as keys; leave this key out, and write -m lr=1e-3,1e-2"
            )
        if SWEEPER_KEY.match(argument) and foreign_sweeper(arguments) is None:
            raise ConfigError(
                f"{display(argument)}: zdl_bench's own sweeper has no keys; choose another sweeper with hydra/sweeper=NAME"
            )
        if not (launcher or SWEEPER_KEY.match(argument) or SWEEPER.fullmatch(argument)):
            raise ConfigError(
                f"{display(argument)}: zdl_bench does not use Hydra's folders, logs and callbacks; leave this key out, and "
                "name the folder of the results with results_dir=DIR. Of Hydra's keys, only hydra/sweeper, hydra/launcher and "
                "the keys of a sweeper can be set"
            )


def foreign_sweeper(arguments: Sequence[str]) -> str | None:
    """Return the name of the chosen sweeper, or None if that is zdl_bench's own sweeper."""
    named = [found[1] for found in map(SWEEPER.fullmatch, arguments) if found]
    return named[-1] if named and named[-1] != OWN_PLUGIN else None


def unknown_sweeper(name: str, installed: Sequence[str]) -> str:
    """Return the message for a sweeper that is not installed."""
    missing = f"the package {PACKAGES[name]} is not installed" if name in PACKAGES else "no installed package has this sweeper"
    known = f"choose one of {', '.join(installed)}. Lists and ranges need no sweeper, only -m, for example -m lr=1e-3,1e-2"
    return f"hydra/sweeper={display(name)}: {missing}; {hint(closest(name, [*installed, *PACKAGES]), known)}"
