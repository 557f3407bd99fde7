"""The options that commands share."""

import argparse
from typing import NoReturn

from zdl_bench.errors import ConfigError, display


class CommandParser(argparse.ArgumentParser):
    """A parser that has the option `--config-dir DIR` and raises ConfigError for wrong arguments, such as shortened options."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"zdl-bench {command}", description=description, allow_abbrev=False)
        self.add_argument("--config-dir", "-cd", metavar="DIR", help="a folder with parts and experiments of your own")

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{display(message)}; see {self.prog} --help")


class Parser(CommandParser):
    """A parser that has the option `--results DIR`, too."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(command, description)
        self.add_argument("--results", default="results", metavar="DIR", help="the folder of the store; default: results")

    def add_sweep(self) -> None:
        """Add the optional argument SWEEP, the name of a sweep."""
        self.add_argument("sweep", nargs="?", metavar="SWEEP", help="a sweep's name; default: the latest sweep")
