"""Every error that the project raises on purpose.

ZdlBenchError
├── ConfigError     a key or a value that a user gave
├── DataError       a data set that cannot be had or is not what it should be
├── StoreError      results that cannot be read or written
└── ExecutorError   an executor that cannot do its work

Each message is one or two lines that name the key, the value and the remedy. The command line prints it without a traceback.
"""

LONGEST_SHOWN = 120
"""Letters of a value in an error."""


class ZdlBenchError(Exception):
    """Base of all errors of the project."""


class ConfigError(ZdlBenchError):
    """A key or value that the user gave is wrong."""


class DataError(ZdlBenchError):
    """A data set cannot be had, or a file is not what its checksum promises."""


class StoreError(ZdlBenchError):
    """Stored results cannot be read or written."""


class MissingRun(StoreError):
    """A run is not stored, or no longer."""


class DamagedFile(StoreError):
    """A stored file cannot be read, or its content does not match its checksum."""


class OtherEngine(StoreError):
    """A stored run was made by another version of the engine: its numbers are not those of this one."""


class ExecutorError(ZdlBenchError):
    """An executor cannot do its work."""


def require(key: str, value: object, holds: bool, remedy: str) -> None:
    """Raises ConfigError that names the key, the value and the remedy unless the condition holds."""
    if not holds:
        raise ConfigError(f"{key}={shown(value)}: {remedy}")


def shown(value: object) -> str:
    """A value as an error names it: on one line, cut where it is long, without what a terminal would obey."""
    try:
        text = str(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits, or nested beyond all measure
        text = f"a very large {type(value).__name__}"
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return printable(cut.replace("\n", "?"))


def printable(text: str) -> str:
    """A text without what a terminal would obey; its lines stay."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
