"""The options of the commands that read a store."""

import argparse
from typing import NoReturn

from zdl_bench.errors import ConfigError, display


class Parser(argparse.ArgumentParser):
    """A parser that has the option `--results DIR` and raises ConfigError for wrong arguments."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(prog=f"zdl-bench {command}", description=description)
        self.add_argument("--results", default="results", metavar="DIR", help="the folder of the store; default: results")

    def add_sweep(self) -> None:
        """Add the optional argument SWEEP, the name of a sweep."""
        self.add_argument("sweep", nargs="?", metavar="SWEEP", help="a sweep's name; default: the latest sweep")

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{display(message)}; see {self.prog} --help")
