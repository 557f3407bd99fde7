"""What a sweep remembers of its runs, so that the same command need not decode them all again.

What is remembered stands for the bytes of a run's file, and for the code that read them: where either has changed, it counts
for nothing.
"""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from zdl_bench.registry.registry import hash_of_sources
from zdl_bench.run.config import RunConfig
from zdl_bench.run.run import Status
from zdl_bench.store.manifest import checksum_of
from zdl_bench.store.rows import Row
from zdl_bench.store.store import Hashes, Store


class Remembered(NamedTuple):
    """A row without its config. content, file: the hashes of the stored run."""

    content: str
    file: str
    status: str
    learned: bool
    tail_loss: float
    final_train_loss: float
    test_accuracy: float

    def row(self, config: RunConfig) -> Row:
        return Row(
            config=config,
            hashes=Hashes(self.content, self.file),
            status=Status(self.status),
            learned=self.learned,
            tail_loss=self.tail_loss,
            final_train_loss=self.final_train_loss,
            test_accuracy=self.test_accuracy,
            reason="",
        )

    @property
    def is_well_formed(self) -> bool:
        """Whether the values, read from a file, are of their types. Raises ValueError for a status that is none."""
        texts = all(isinstance(text, str) for text in (self.content, self.file, self.status))
        numbers = all(isinstance(number, float) for number in (self.tail_loss, self.final_train_loss, self.test_accuracy))
        return texts and Status(self.status).is_result and isinstance(self.learned, bool) and numbers


def recall(store: Store, name: str) -> Mapping[str, Remembered]:
    """By run id; empty where nothing is remembered, or it was made by other code, or is damaged."""
    try:
        code, checksum, rows = store.read_rows(name)
        remembered = {run_id: Remembered(*values) for run_id, values in rows.items()}
        is_current = (code, checksum) == (hash_of_sources("*.py"), checksum_of(rows))
        is_sound = is_current and all(one.is_well_formed for one in remembered.values())
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return remembered if is_sound else {}


def remember(store: Store, name: str, rows: Iterable[Row]) -> None:
    """Keeps the rows of runs that have a result."""
    kept = {}
    for row in rows:
        if row.status.is_result:
            numbers = (row.tail_loss, row.final_train_loss, row.test_accuracy)
            kept[row.run_id] = Remembered(*row.hashes, row.status.value, row.learned, *numbers)
    store.write_rows(name, json.dumps([hash_of_sources("*.py"), checksum_of(kept), kept]))


def is_remembered(rows: Iterable[Row], remembered: Mapping[str, Remembered]) -> bool:
    """Whether every row is; runs without a result never are."""
    results = (row for row in rows if row.status.is_result)
    return all(row.run_id in remembered and remembered[row.run_id].file == row.hashes.file for row in results)
