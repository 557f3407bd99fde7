"""Every error that the project raises on purpose.

ZdlBenchError
├── ConfigError     a key or a value that a user gave
├── DataError       a data set that cannot be had or is not what it should be
├── StoreError      results that cannot be read or written
└── ExecutorError   an executor that cannot do its work

Each message is one or two lines that name the key, the value and the remedy. The command line prints it without a traceback.
"""


class ZdlBenchError(Exception):
    """Base of all errors of the project."""


class ConfigError(ZdlBenchError):
    """A key or value that the user gave is wrong."""


class DataError(ZdlBenchError):
    """A data set cannot be had, or a file is not what its checksum promises."""


class StoreError(ZdlBenchError):
    """Stored results cannot be read or written."""


class DamagedFile(StoreError):
    """A stored file cannot be read, or its content does not match its checksum."""


class OtherEngine(StoreError):
    """A stored run was made by another version of the engine: its numbers are not those of this one."""


class ExecutorError(ZdlBenchError):
    """An executor cannot do its work."""


def require(key: str, value: object, holds: bool, remedy: str) -> None:
    """Raises ConfigError that names the key, the value and the remedy unless the condition holds."""
    if not holds:
        raise ConfigError(f"{key}={value}: {remedy}")
