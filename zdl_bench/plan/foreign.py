"""Of Hydra's own keys and plug-ins: what is open, what serves instead of the rest, and where a foreign sweeper writes."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from zdl_bench.errors import ConfigError, closest, display, hint
from zdl_bench.run.experiment import named_in

OF_HYDRA = re.compile(r"[+~]*hydra\b|[^=]*@hydra\b")
SWEEPER = re.compile(r"hydra/sweeper=(?!null$|true$|false$)([A-Za-z_]\w*)")
LAUNCHER = re.compile(r"[+~]*hydra(?:/launcher=([A-Za-z_][\w-]*)|\.launcher\b.*)")
OF_A_SWEEPER = re.compile(r"[+~]*hydra\.sweeper\b")
PARAMS = re.compile(r"[+~]*hydra\.sweeper(\.params\b|=)")
OWN = "zdl_bench"
LAUNCHERS = (OWN, "basic")
"""Those that hand every job to the sweep in this process."""
PACKAGES = {name: f"hydra-{name}-sweeper" for name in ("ax", "nevergrad", "optuna")}
"""Sweepers that Hydra's own project brings, each in a package of its own."""


def require_open(arguments: Sequence[str]) -> None:
    """Raises ConfigError for a key of Hydra's own that is not open: a foreign sweeper may be chosen, and its keys set."""
    if named_in(arguments) and foreign_sweeper(arguments):
        raise ConfigError("hydra/sweeper: an experiment says its own sweep; leave one of the two out")
    for argument in filter(OF_HYDRA.match, arguments):
        launcher = LAUNCHER.fullmatch(argument)
        if launcher and launcher[1] not in LAUNCHERS:
            raise ConfigError(
                f"{display(argument)}: no launcher of Hydra's is needed, zdl_bench spreads runs itself; leave it out, and give "
                "n_jobs=N for processes, or executor=dask for a cluster"
            )
        if PARAMS.match(argument):
            raise ConfigError(
                f"{display(argument)}: a sweep's values are given as keys; leave it out, and write -m lr=1e-3,1e-2"
            )
        if OF_A_SWEEPER.match(argument) and foreign_sweeper(arguments) is None:
            raise ConfigError(
                f"{display(argument)}: zdl_bench's own sweeper has no keys; choose another with hydra/sweeper=NAME"
            )
        if not (launcher or OF_A_SWEEPER.match(argument) or SWEEPER.fullmatch(argument)):
            raise ConfigError(
                f"{display(argument)}: Hydra's own folders, logs and callbacks are off; results go to results_dir=DIR, and of "
                "Hydra's keys there are hydra/sweeper, hydra/launcher and theirs"
            )


def foreign_sweeper(arguments: Sequence[str]) -> str | None:
    """The name of a sweeper that is not ours, if one is chosen."""
    named = [found[1] for found in map(SWEEPER.fullmatch, arguments) if found]
    return named[-1] if named and named[-1] != OWN else None


def unknown_sweeper(name: str, installed: Sequence[str]) -> str:
    """What to say of a sweeper that is not there."""
    missing = f"the package {PACKAGES[name]} is not installed" if name in PACKAGES else "no installed package brings it"
    known = f"there are {', '.join(installed)}; -m takes lists and ranges without any other, as lr=1e-3,1e-2"
    return f"hydra/sweeper={display(name)}: {missing}; {hint(closest(name, [*installed, *PACKAGES]), known)}"


@contextmanager
def folder_of_sweeper(arguments: Sequence[str]) -> Iterator[tuple[list[str], Path | None]]:
    """Overrides that send what a foreign sweeper writes to a folder that is removed at the end, and that folder.

    Hydra's place for it is the working folder, among the user's files.
    """
    if foreign_sweeper(arguments) is None:
        yield [], None
        return
    with TemporaryDirectory(prefix="zdl_bench-") as folder:
        quoted = folder.replace("\\", "\\\\").replace("'", "\\'")
        yield [f"hydra.sweep.dir='{quoted}'"], Path(folder)


def optimized(folder: Path | None) -> str | None:
    """What a sweeper that looks for the best values says that it has found."""
    file = folder / "optimization_results.yaml" if folder else None
    return file.read_text(encoding="utf-8") if file and file.is_file() else None
