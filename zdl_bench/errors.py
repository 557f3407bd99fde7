"""Every error that the project raises on purpose.

ZdlBenchError
├── ConfigError     a wrong key or value from the user
├── DataError       a data set that is not available or has wrong content
├── StoreError      results that cannot be read or written
└── ExecutorError   an executor that cannot execute runs

Each message has one or two lines, which name the key, the value and the remedy. The command line prints no traceback.
"""

import errno
import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

REMEDIES = {
    errno.EAGAIN: "raise the limit on processes (ulimit -u), or train fewer runs at a time with n_jobs=1",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
}
"""Error number of the operating system → what the user can do."""
NO_MEMORY = ("Cannot allocate memory", "failed to map segment")
NO_THREAD = "can't start new thread"
MAX_SHOWN = 120
"""Maximum number of characters of a value in an error message."""
MAX_LISTED = 300
"""Maximum number of characters of a list of names in an error message. A longer list is cut to the closest names."""
MAX_NAMES = 5


class ZdlBenchError(Exception):
    """Base of all errors of the project."""


class ConfigError(ZdlBenchError):
    """A wrong key or value from the user."""


class DataError(ZdlBenchError):
    """A data set that is not available, or a file that does not match its checksum."""


class StoreError(ZdlBenchError):
    """Stored results that cannot be read or written."""


class MissingRun(StoreError):
    """A run that is not in the store, perhaps because its file was removed just now."""


class DamagedFile(StoreError):
    """A stored file that cannot be read, or whose content does not match its checksum."""


class OtherEngine(StoreError):
    """A stored run of another engine version, whose numbers differ from those of this version."""


class ExecutorError(ZdlBenchError):
    """An executor that cannot execute runs."""


def require(key: str, value: object, holds: bool, remedy: str) -> None:
    """Raise ConfigError unless `holds` is true. The message names the key, the value and the remedy."""
    if not holds:
        raise ConfigError(f"{key}={display(value)}: {remedy}")


def display(value: object) -> str:
    """Return a value as an error message shows it: on one line, cut if it is long, without terminal escapes."""
    try:
        text = str(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits, or a value nested too deeply
        text = f"a very large {type(value).__name__}"
    cut = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return printable(cut.replace("\n", "?"))


def printable(text: str) -> str:
    """Return the text without terminal escapes. Line breaks are kept."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def refusal(error: BaseException) -> str:
    """Return a line that says what the operating system refused and what to do, or an empty text if the error is a bug."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
        return "there is not enough memory; raise the limit (ulimit -v), or train fewer runs at a time with n_jobs=1"
    if isinstance(error, RuntimeError) and NO_THREAD in str(error):
        return f"{NO_THREAD}; {REMEDIES[errno.EAGAIN]}"
    if not isinstance(error, OSError) or error.errno is None:
        return ""
    try:
        os.getcwd()
    except OSError:
        return "the current folder is gone or cannot be read; change to another folder"
    where = f"{display(error.filename)}: " if error.filename else ""
    remedy = REMEDIES.get(error.errno)
    return f"{where}{error.strerror}" + (f"; {remedy}" if remedy else "")


def closest(word: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return up to `count` known words closest to the given one, ignoring case. The given word itself is left out."""
    folded = {_folded(one): one for one in known if one != word}
    return [folded[match] for match in get_close_matches(_folded(word), folded, count, cutoff)]


def abridge(word: str, known: Sequence[str]) -> str:
    """Return the known words as one text. If it is too long, return only the words closest to `word` and the total number."""
    listed = ", ".join(known)
    if len(listed) <= MAX_LISTED:
        return listed
    containing = [one for one in known if _folded(word) in _folded(one)]
    near = [*dict.fromkeys([*containing[:MAX_NAMES], *closest(word, known, MAX_NAMES, cutoff=0.0)])]
    return f"{', '.join(near[:MAX_NAMES])}, … ({len(known):,} in all)"


def hint(meant: Sequence[str], then: str) -> str:
    """Return `did you mean …?` with the words in `meant`, then the sentence `then`. If `meant` is empty, return only `then`."""
    return f"did you mean {' or '.join(meant)}? {then[0].upper()}{then[1:]}" if meant else then


def _folded(word: str) -> str:
    return word[:MAX_SHOWN].casefold().replace("-", "_")
