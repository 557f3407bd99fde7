"""Downloads with checksums and a progress bar, from a list of mirrors. Pooch gives a file its name once it is complete."""

import queue
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zdl_bench.errors import DataError, display

if TYPE_CHECKING:
    from rich.progress import Progress

READ_TIMEOUT = 30.0
"""Seconds without data after which a download from a mirror is abandoned."""
REACH_TIMEOUT = 3.0
"""Seconds within which at least one mirror has to answer."""


def nearest_mirror(mirrors: Iterable[str], file: str, seconds: float = REACH_TIMEOUT) -> str:
    """Return the mirror that is first to offer a file. Raise DataError, with each mirror's reason, if none does so in time.

    All mirrors are asked at once, in threads that are not joined, because name resolution may outlast any timeout.
    """
    outcomes = dict.fromkeys(mirrors, f"no answer in {seconds:g} s")
    answers: queue.Queue[tuple[str, str]] = queue.Queue()
    for mirror in outcomes:
        threading.Thread(target=_ask, args=(mirror, file, seconds, answers), daemon=True).start()
    end = time.monotonic() + seconds
    for _ in outcomes:
        try:
            mirror, reason = answers.get(timeout=max(end - time.monotonic(), 0))
        except queue.Empty:
            break
        if not reason:
            return mirror
        outcomes[mirror] = reason
    reasons = "; ".join(f"{display(mirror)}: {reason}" for mirror, reason in outcomes.items()) or "the data set has no mirrors"
    has_answered = any(reason[0].isdigit() for reason in outcomes.values())
    raise DataError(f"none of the mirrors {f'serves {file}' if has_answered else 'can be reached'} ({reasons}).")


def download(mirrors: Iterable[str], hashes: Mapping[str, str], folder: Path) -> Path:
    """Download the files (name → SHA-256 as served) into the folder, and return the folder.

    Each file comes from the first mirror that serves the right content. Raise DataError, with the reason for each
    mirror, if a file is not available.
    """
    mirrors = list(mirrors)
    nearest = nearest_mirror(mirrors, next(iter(hashes)))
    mirrors.sort(key=lambda mirror: mirror != nearest)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise _unwritable(folder, error) from error
    for file, sha256 in hashes.items():
        _fetch(mirrors, file, sha256, folder)
    return folder


def _ask(mirror: str, file: str, seconds: float, answers: "queue.Queue[tuple[str, str]]") -> None:
    """Request a file from a mirror, read only the headers, and put the outcome in `answers`.

    The file itself is requested, because some mirrors refuse requests for the headers alone.
    """
    import requests

    try:
        with requests.get(_address(mirror, file), timeout=seconds, stream=True) as response:
            response.raise_for_status()
        answers.put((mirror, ""))
    except requests.Timeout:  # `nearest_mirror` reports that there was no answer
        pass
    except (OSError, ValueError) as error:  # of requests, of urllib3 for a malformed address, of TLS without certificates
        answers.put((mirror, _reason(error)))


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
                pooch.retrieve(_address(mirror, file), f"sha256:{sha256}", fname=file, path=folder, downloader=downloader)
            return
        except requests.RequestException as error:
            reasons.append(f"{display(mirror)}: {_reason(error)}")
        except ValueError:  # pooch's error for a wrong hash
            reasons.append(f"{display(mirror)}: wrong checksum")
        except OSError as error:
            if error.errno is not None:
                raise _unwritable(folder / file, error) from error
            reasons.append(f"{display(mirror)}: {_reason(error)}")  # requests' error if certificates are missing
    raise DataError(f"{file} cannot be downloaded ({'; '.join(reasons)}).")


def _address(mirror: str, file: str) -> str:
    return f"{mirror.rstrip('/')}/{file}"


def _reason(error: Exception) -> str:
    """Return the HTTP status, or else the root error, but no addresses, since the address of a proxy may contain a password."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return display(f"{error.response.status_code} {error.response.reason}")
    root: BaseException = error
    while root.__context__ is not None:
        root = root.__context__
    if isinstance(root, OSError) and not isinstance(root, requests.RequestException):
        return display(f"{type(error).__name__}: {root.strerror or root}")
    return type(error).__name__


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{display(path)} cannot be written ({error.strerror}); free some space, or set XDG_CACHE_HOME to another folder."
    )


class DownloadBar:
    """A rich progress bar with the part of tqdm's interface that pooch uses."""

    def __init__(self, progress: "Progress", file: str) -> None:
        self.total = 0  # pooch sets the total once the server announces it
        self._progress = progress
        self._task = progress.add_task(f"downloading {file}", total=None)

    def update(self, count: int) -> None:
        self._progress.update(self._task, advance=count, total=self.total)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        """Do nothing: the caller closes the progress display."""
