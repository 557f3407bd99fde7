"""Runs a case and says what is wrong with what came of it."""

import gc
import io
import os
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from fuzzing.case import EXPERIMENTS, JUDGE, LOAD_RESULTS, WORK, Case
from fuzzing.guard import ADDRESS_SPACE, MEMORY, SECONDS, Hang, PeakMemory, Watch, address_space, time_limit
from fuzzing.stored import sound_frame
from zdl_bench import cli, load_results
from zdl_bench.datasets.cache import cache_folder
from zdl_bench.errors import ZdlBenchError
from zdl_bench.registry import conf_files
from zdl_bench.run.experiment import Experiment
from zdl_bench.statistics.verdict import judge_experiment

BYSTANDERS = ("bystander/x.txt", "x", "tables/x.csv", "figures/x.png", "sweep.json")
"""Files beside the folder of the commands, which no command may touch."""
STATUSES = (0, 1, 2)
MAX_MESSAGE = 4_000


@dataclass
class Found:
    """What came of a case: what is wrong with it (nothing, where it is as it should be), and what it took."""

    wrong: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    errors: str = ""
    seconds: float = 0.0
    memory: int = 0


class Checker:
    """Runs cases in this process, each in a sandbox of its own."""

    def __init__(self) -> None:
        self._watch = Watch()
        sys.dont_write_bytecode = True  # what an import keeps beside its source is none of a case's doing

    def check(self, case: Case) -> Found:
        found = Found()
        with sandbox(case) as folder:
            before = contents(folder)
            start, memory = time.monotonic(), PeakMemory()
            with self._watch.on(folder / WORK / case.store, cache_folder().parent):
                for command in case.commands:
                    self._run(command, found)
            found.seconds, found.memory = time.monotonic() - start, memory.growth()
            found.wrong += [f"outside the store: {what}" for what in self._watch.trespasses]
            found.wrong += changes(before, contents(folder), f"{WORK}/{case.store}")
        if found.memory > MEMORY:
            found.wrong.append(f"{found.memory:,} bytes of memory")
        if found.memory > MEMORY // 10:
            gc.collect()
        return found

    def _run(self, command: tuple[str, ...], found: Found) -> None:
        out, err = io.StringIO(), io.StringIO()
        status = None
        try:
            with time_limit(SECONDS), address_space(ADDRESS_SPACE), redirect_stdout(out), redirect_stderr(err):
                status = _started(command)
        except Hang:
            found.wrong.append(f"{_shown(command)} takes more than {SECONDS} s: {traceback.format_exc()[-1500:]}")
            return
        except BaseException as error:  # whatever came out of main is what we are looking for
            if isinstance(error, KeyboardInterrupt):
                raise
            found.wrong.append(f"{_shown(command)}: {type(error).__name__} came out: {traceback.format_exc()[-3000:]}")
            return
        found.statuses.append(status)
        found.errors += err.getvalue()
        found.wrong += [f"{_shown(command)}: {what}" for what in judged(status, out.getvalue(), err.getvalue())]


def _started(command: tuple[str, ...]) -> int:
    """The exit status. What is no command of the program reports its errors as those do."""
    if command[0] not in INSTEAD:
        return cli.main(list(command))
    try:
        INSTEAD[command[0]](*command[1:])
    except ZdlBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _load(*arguments: str) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*(are not in the store|cannot be read)", UserWarning)  # as it should be
        load_results("results", *arguments)


def _judge() -> None:
    experiment = Experiment.of("mine", conf_files.load_experiment("mine"))
    for one in judge_experiment(experiment, sound_frame()):
        str(one)


INSTEAD = {LOAD_RESULTS: _load, JUDGE: _judge}


def judged(status: int, out: str, err: str) -> list[str]:
    """What is wrong with the status and the words of a command."""
    wrong = []
    if status not in STATUSES:
        wrong.append(f"exit status {status}")
    if "Traceback (most recent call last)" in out + err:
        wrong.append(f"a traceback is shown: {(out + err)[-2000:]}")
    if status == 2 and not err.strip():
        wrong.append("exit status 2 without a word")
    if len(err) > MAX_MESSAGE:
        wrong.append(f"{len(err):,} letters on stderr: {err[:200]!r}")
    return wrong


@contextmanager
def sandbox(case: Case) -> Iterator[Path]:
    """A folder with the files of the case, from which its commands start."""
    before, experiments = Path.cwd(), conf_files.EXPERIMENTS
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    try:
        for path in BYSTANDERS:
            _write(folder / path, b"kept")
        for path, content in case.files.items():
            _write(folder / path, content)
        for path, size in case.sparse.items():
            _write(folder / path, b"")
            os.truncate(folder / path, size)
        (folder / WORK).mkdir(exist_ok=True)
        if (folder / EXPERIMENTS).is_dir():
            conf_files.EXPERIMENTS = folder / EXPERIMENTS
        os.chdir(folder / WORK)
        yield folder
    finally:
        os.chdir(before)
        conf_files.EXPERIMENTS = experiments
        shutil.rmtree(folder)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Path below the folder → content of a file, None of a folder and of a file too large to be changed unnoticed."""
    found: dict[str, bytes | None] = {}
    for path in sorted(folder.rglob("*")):
        is_small = path.is_file() and path.stat().st_size < 10_000_000
        found[path.relative_to(folder).as_posix()] = path.read_bytes() if is_small else None
    return found


def changes(before: dict[str, bytes | None], after: dict[str, bytes | None], store: str) -> list[str]:
    """What was made, changed or removed outside the store."""
    own = os.path.normpath(store)
    differing = [path for path in {**before, **after} if (path in before) != (path in after) or before[path] != after[path]]
    return [f"outside the store: {path}" for path in differing if path != own and not path.startswith(f"{own}/")]


def _shown(command: tuple[str, ...]) -> str:
    return " ".join(word if len(word) < 300 else f"{word[:300]}…" for word in command)
