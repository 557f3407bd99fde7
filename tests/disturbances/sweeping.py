"""A sweep as a process, in a folder of its own, with a /dev/shm of its own, and with a mark that its descendants inherit."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from conftest import SMALL

from zdl_bench.store.store import Store

SWEEP = (
    "-m", "dataset=digits", "report=false", "steps=400", "n_jobs=2", "optimizer=sgd,adam", "seed=range(0,4)", "name=sweep",
    *SMALL,
)  # fmt: skip
"""Eight runs of a fifth of a second."""
RUNS = 8
WITH_REPORT = tuple("report=true" if argument == "report=false" else argument for argument in SWEEP)
MARK = "ZDL_BENCH_DISTURBANCE"
"""Variable in the environment of a sweep and of all its descendants, those that were given to another parent too."""
MAX_SECONDS = 240
"""No start takes longer than that, on a machine that does other things as well."""
POLL_SECONDS = 0.005
SHARED = Path("/dev/shm")
IN_ITS_OWN = ("unshare", "--mount", "--propagation", "slave", "sh", "-c", f'mount --bind "$0" {SHARED} && exec "$@"')
"""Others on this machine make and leave semaphores, too. Needs root; elsewhere all look into the same folder."""


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """Where a sweep is started: its working folder with the store, its cache, its folder of temporary files."""

    folder: Path
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    shared_before: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        for part in (self.work, self.cache, self.temporary, self.folder / "shared"):
            part.mkdir(parents=True, exist_ok=True)
        object.__setattr__(self, "shared_before", frozenset(self.shared_objects()))

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def store(self) -> Store:
        return Store(self.work / "results")

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        own = {"XDG_CACHE_HOME": str(self.cache), "TMPDIR": str(self.temporary), MARK: self.mark}
        return os.environ | own | dict(changes)

    def stored_files(self) -> list[Path]:
        return sorted(self.store.root.glob("runs/??/*.parquet"))

    def shared_objects(self) -> set[str]:
        """Names of semaphores and of shared memory."""
        folder = self.folder / "shared" if has_its_own_shared_memory() else SHARED
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@cache
def has_its_own_shared_memory() -> bool:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


class Start:
    """One start of the program. Its output goes to files: a pipe would stay open as long as any descendant lives."""

    def __init__(self, place: Place, arguments: tuple[str, ...], changes: Mapping[str, str] | None = None) -> None:
        self.place = place
        self._output = place.folder / f"output-{secrets.token_hex(4)}"
        self._output.mkdir()
        isolated = [*IN_ITS_OWN, str(place.folder / "shared")] if has_its_own_shared_memory() else []
        with open(self._output / "out", "wb") as out, open(self._output / "err", "wb") as err:
            self.process = subprocess.Popen(
                [*isolated, sys.executable, "-m", "zdl_bench", *arguments],
                cwd=place.work,
                env=place.environment(changes or {}),
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Whether it came true before the process ended."""
        deadline = time.monotonic() + MAX_SECONDS
        while not condition():
            if self.has_ended or time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def has_taken_over_signals(self) -> bool:
        """Whether `main` has begun: from then on SIGTERM is caught."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:
            return False
        caught = next((int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:")), 0)
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    def ended(self) -> Ended:
        """Waits for the end. A start that does not come to one is killed, and has no status of a sweep."""
        try:
            self.process.wait(MAX_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return Ended(-1000, "", f"it had not ended after {MAX_SECONDS} s")
        return Ended(self.process.returncode, (self._output / "out").read_text(), (self._output / "err").read_text())


def completed(place: Place, arguments: tuple[str, ...] = SWEEP) -> Ended:
    return Start(place, arguments).ended()
