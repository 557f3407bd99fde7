"""What a sweep remembers of its runs, so that the same command need not decode them all again.

What is remembered stands for the bytes of a run's file, and for the code that read them: where either has changed, it counts
for nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from zdl_bench.registry import PACKAGE
from zdl_bench.rows import Row
from zdl_bench.run import RunConfig, Status
from zdl_bench.store import Store


class Remembered(NamedTuple):
    """A row without its config. file: SHA-256 of the run's file. checksum: that of its content."""

    file: str
    checksum: str
    status: str
    learned: bool
    tail_loss: float
    final_train_loss: float
    test_accuracy: float

    def row(self, config: RunConfig) -> Row:
        return Row(
            config=config,
            checksum=self.checksum,
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
        texts = all(isinstance(text, str) for text in (self.file, self.checksum, self.status))
        numbers = all(isinstance(number, float) for number in (self.tail_loss, self.final_train_loss, self.test_accuracy))
        return texts and Status(self.status).is_result and isinstance(self.learned, bool) and numbers


def recall(store: Store, name: str) -> Mapping[str, Remembered]:
    """By run id; empty where nothing is remembered, or it was made by other code, or cannot be read."""
    try:
        code, rows = json.loads(store.read_rows(name))
        remembered = {run_id: Remembered(*values) for run_id, values in rows.items()}
        is_sound = code == code_hash() and all(one.is_well_formed for one in remembered.values())
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return remembered if is_sound else {}


def remember(store: Store, name: str, rows: Iterable[Row]) -> None:
    """Keeps the rows of runs that have a result and whose files are those that the rows were made of."""
    kept = {}
    for row in rows:
        content = store.read_bytes(row.run_id) if row.status.is_result else b""
        if row.checksum.encode() in content:  # it stands in the file's metadata
            numbers = (row.tail_loss, row.final_train_loss, row.test_accuracy)
            kept[row.run_id] = Remembered(hash_of(content), row.checksum, row.status.value, row.learned, *numbers)
    store.write_rows(name, json.dumps([code_hash(), kept]))


def is_remembered(rows: Iterable[Row], remembered: Mapping[str, Remembered]) -> bool:
    """Whether every row is; runs without a result never are."""
    results = (row for row in rows if row.status.is_result)
    return all(row.run_id in remembered and remembered[row.run_id].checksum == row.checksum for row in results)


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def code_hash() -> str:
    """SHA-256 of the package's sources, which define what a row says of a curve."""
    total = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
