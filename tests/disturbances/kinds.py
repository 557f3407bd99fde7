"""The disturbances: each a thing that befalls a sweep while it runs."""

import os
import signal
from pathlib import Path
from random import Random
from typing import ClassVar

from disturbances.disks import Disk
from disturbances.leftovers import workers
from disturbances.sweeping import RUNS, Place, Start

KILLED = -signal.SIGKILL
DISK_KILOBYTES = 4096


class Disturbance:
    """statuses: with which the disturbed start may end. words: what it then says, where its status is not 0."""

    statuses: ClassVar[set[int]] = {0}
    words = ""

    def prepare(self, place: Place) -> None:
        """Before the start."""

    def environment(self) -> dict[str, str]:
        """Variables of the disturbed start."""
        return {}

    def strike(self, start: Start, random: Random) -> str:
        """Disturbs, and says how."""
        raise NotImplementedError

    def lift(self, place: Place) -> None:
        """After the start has ended."""

    def clean_up(self, place: Place) -> None:
        """When all is over."""


class WorkerKilled(Disturbance):
    def strike(self, start: Start, random: Random) -> str:
        if not start.wait_until(lambda: bool(workers(start.place))):
            return "no worker was left"
        chosen = random.choice(sorted(workers(start.place)) or [0])
        return "killed a worker" if chosen and _sent(chosen, signal.SIGKILL) else "the worker had just ended"


class ParentKilled(Disturbance):
    statuses: ClassVar = {0, KILLED}

    def strike(self, start: Start, random: Random) -> str:
        start.process.kill()
        return "killed the parent"


class Interrupted(Disturbance):
    """As a terminal does, to the whole group; or to the parent alone. A signal that comes after the end of `main` ends the
    process like any other: for a shell the same status.
    """

    statuses: ClassVar = {0, 130, -signal.SIGINT}
    words = "interrupted"

    def strike(self, start: Start, random: Random) -> str:
        start.wait_until(start.has_taken_over_signals)
        if random.random() < 0.5:
            start.process.send_signal(signal.SIGINT)
            return "SIGINT to the parent"
        if not start.has_ended:
            os.killpg(start.process.pid, signal.SIGINT)
        return "SIGINT to the group"


class Terminated(Disturbance):
    statuses: ClassVar = {0, 143, -signal.SIGTERM}
    words = "terminated"

    def strike(self, start: Start, random: Random) -> str:
        start.wait_until(start.has_taken_over_signals)
        start.process.terminate()
        return "SIGTERM to the parent"


class _OnADisk(Disturbance):
    statuses: ClassVar = {0, 2}

    def prepare(self, place: Place) -> None:
        self.disk = Disk(place.work, DISK_KILOBYTES)

    def clean_up(self, place: Place) -> None:
        self.disk.remove()


class DiskFull(_OnADisk):
    words = "No space left on device"

    def strike(self, start: Start, random: Random) -> str:
        self.disk.fill()
        return "filled the disk"

    def lift(self, place: Place) -> None:
        self.disk.make_room()


class StoreReadOnly(_OnADisk):
    words = "Read-only file system"

    def strike(self, start: Start, random: Random) -> str:
        self.disk.forbid_writing()
        return "made the store read-only"

    def lift(self, place: Place) -> None:
        self.disk.allow_writing()


class _FileDamaged(Disturbance):
    """One stored file, of a run, of the sweep or of the decoded data; the parent is killed first, or goes on."""

    statuses: ClassVar = {0, 1, KILLED}
    words = "changed while the sweep ran"
    verb = ""

    def strike(self, start: Start, random: Random) -> str:
        start.wait_until(lambda: bool(start.place.stored_files()))
        how = ""
        if random.random() < 0.5:
            start.process.kill()
            start.process.wait()
            start.wait_until(lambda: not workers(start.place))
            how = "killed the parent, "
        path = random.choice(self._within_reach(start))
        size = path.stat().st_size
        byte = random.randrange(size)
        self._damage(path, byte)
        return f"{how}{self.verb} at byte {byte} of {size} of {path.relative_to(start.place.folder)}"

    @staticmethod
    def _within_reach(start: Start) -> list[Path]:
        """What living workers map into their memory is left to them, and data that no run needs any more are not read."""
        place = start.place
        are_read_next = start.has_ended and len(place.stored_files()) < RUNS
        decoded = sorted((place.cache / "zdl_bench/decoded").glob("*/*")) if are_read_next else []
        return [*place.stored_files(), *sorted(place.store.root.glob("sweeps/*/*.json")), *decoded]

    def _damage(self, path: Path, byte: int) -> None:
        raise NotImplementedError


class FileCut(_FileDamaged):
    verb = "cut"

    def _damage(self, path: Path, byte: int) -> None:
        os.truncate(path, byte)


class ByteFlipped(_FileDamaged):
    verb = "flipped"

    def _damage(self, path: Path, byte: int) -> None:
        with open(path, "rb+") as stream:
            stream.seek(byte)
            [value] = stream.read(1)
            stream.seek(byte)
            stream.write(bytes([value ^ 0xFF]))


def _sent(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
