"""A small disk in memory that can be full or read-only in truth: neither stops root by permission bits."""

import os
import shutil
import subprocess
import time
from pathlib import Path

ATTEMPTS = 200


class Disk:
    """A tmpfs at a folder. Needs root, or `sudo` without a password."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self.folder = folder
        _as_root("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=1777", "tmpfs", str(folder)).check_returncode()

    def fill(self) -> None:
        """Leaves no byte."""
        with open(self.folder / FILLER, "ab", buffering=0) as filler:
            for size in (4096, 1):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        (self.folder / FILLER).unlink(missing_ok=True)

    def grow(self, kilobytes: int) -> None:
        _as_root("mount", "-o", f"remount,size={kilobytes}k", str(self.folder)).check_returncode()

    def forbid_writing(self) -> None:
        """The system refuses while a file is open for writing: then once more."""
        for _ in range(ATTEMPTS):
            if _as_root("mount", "-o", "remount,ro", str(self.folder)).returncode == 0:
                return
            time.sleep(0.005)
        raise TimeoutError(f"{self.folder} was written to all the time")

    def allow_writing(self) -> None:
        _as_root("mount", "-o", "remount,rw", str(self.folder)).check_returncode()

    def remove(self) -> None:
        _as_root("umount", "--lazy", str(self.folder)).check_returncode()


FILLER = "filler"


def can_mount(folder: Path) -> bool:
    """Whether disks can be made here."""
    if not shutil.which("mount") or not (os.geteuid() == 0 or shutil.which("sudo")):
        return False
    trial = folder / "trial"
    trial.mkdir(parents=True, exist_ok=True)
    try:
        Disk(trial, 64).remove()
    except subprocess.CalledProcessError:
        return False
    finally:
        trial.rmdir()
    return True


def _as_root(*command: str) -> subprocess.CompletedProcess[bytes]:
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*prefix, *command], capture_output=True, check=False)
