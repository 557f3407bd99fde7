"""The interface through which a sweep tells what it does: on a terminal, or below the cell of a notebook."""

from contextlib import AbstractContextManager
from typing import Protocol

from zdl_bench.store.summaries import RunSummary


class Observer(Protocol):
    """An object that is notified of each finished run of a sweep."""

    def finished(self, row: RunSummary) -> None: ...


class Voice(Protocol):
    """What a sweep says, by how much it matters."""

    def plan(self, text: str) -> None:
        """Show a line of the plan that `dry_run` asks for."""

    def say(self, text: str) -> None:
        """Tell how the sweep goes on."""

    def caution(self, text: str) -> None:
        """Tell that something was skipped or repaired."""

    def warn(self, text: str) -> None:
        """Tell what may mislead the user."""

    def progress(self, planned: int, stored: int) -> AbstractContextManager[Observer]:
        """Return a display of the progress. planned: all runs. stored: those of them that are in the store already."""
