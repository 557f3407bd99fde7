"""Files from a list of mirrors: checked, with a progress bar, and never half-written (pooch renames a finished file)."""

import queue
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zdl_bench.errors import DataError

if TYPE_CHECKING:
    from rich.progress import Progress

READ_TIMEOUT = 30.0
"""Seconds without a byte after which a mirror is given up."""
REACH_TIMEOUT = 3.0
"""Seconds in which some mirror has to answer at all."""


def first_reachable(mirrors: Iterable[str], file: str, seconds: float = REACH_TIMEOUT) -> str | None:
    """The mirror that answers first, asked for the head of a file; None where none does in time.

    All are asked at once, in threads that nobody waits for: name resolution may hang for longer than any timeout.
    """
    answers: queue.Queue[str | None] = queue.Queue()
    threads = [threading.Thread(target=_ask, args=(m, file, seconds, answers), daemon=True) for m in mirrors]
    for thread in threads:
        thread.start()
    for _ in threads:
        try:
            answer = answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if answer is not None:
            return answer
    return None


def _ask(mirror: str, file: str, seconds: float, answers: "queue.Queue[str | None]") -> None:
    import requests

    try:
        response = requests.head(mirror + file, timeout=seconds, allow_redirects=True)
        answers.put(mirror if response.ok else None)
    except requests.RequestException:
        answers.put(None)


def download(mirrors: Iterable[str], hashes: Mapping[str, str], folder: Path) -> Path:
    """Puts the files (name → SHA-256 as served) into the folder, each from the first mirror that has it right.

    Raises DataError with every mirror's reason where a file cannot be had.
    """
    mirrors = list(mirrors)
    nearest = first_reachable(mirrors, next(iter(hashes)))
    if nearest is None:
        raise DataError(f"none of its mirrors can be reached ({', '.join(mirrors) or 'there are none'}).")
    in_order = sorted(mirrors, key=lambda mirror: mirror != nearest)
    for file, sha256 in hashes.items():
        _fetch(in_order, file, sha256, folder)
    return folder


def _fetch(mirrors: list[str], file: str, sha256: str, folder: Path) -> None:
    import pooch
    import requests
    from rich.console import Console
    from rich.progress import Progress

    pooch.get_logger().setLevel("WARNING")
    reasons = []
    for mirror in mirrors:
        try:
            with Progress(console=Console(stderr=True)) as progress:
                bar = DownloadBar(progress, file)
                downloader = pooch.HTTPDownloader(timeout=(REACH_TIMEOUT, READ_TIMEOUT), progressbar=bar)
                pooch.retrieve(mirror + file, f"sha256:{sha256}", fname=file, path=folder, downloader=downloader)
            return
        except requests.RequestException as error:
            reasons.append(f"{mirror}: {type(error).__name__}")
        except ValueError:  # pooch's word for a hash that does not match
            reasons.append(f"{mirror}: wrong checksum")
        except OSError as error:
            raise DataError(f"{folder / file} cannot be written ({error.strerror}); free some space.") from error
    raise DataError(f"{file} cannot be downloaded ({'; '.join(reasons)}).")


class DownloadBar:
    """A rich progress bar behind the part of tqdm's interface that pooch drives."""

    def __init__(self, progress: "Progress", file: str) -> None:
        self.total = 0  # set by pooch when the server has announced it
        self._progress = progress
        self._task = progress.add_task(f"downloading {file}", total=None)

    def update(self, count: int) -> None:
        self._progress.update(self._task, advance=count, total=self.total)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        """The progress display belongs to the caller."""
