"""Data in a user's own file, which are known by their content: the same data at another path give the same runs."""

import hashlib
import json
import os
from abc import abstractmethod
from collections.abc import Mapping
from copy import copy
from pathlib import Path

import numpy as np

from zdl_bench.datasets.arrangement import describe_data, split_content, standardized
from zdl_bench.datasets.cache import is_decoded, write_decoded
from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.datasets.origins import note_origin, origins_of
from zdl_bench.datasets.own_arrays import Content, classes_of, content_checksum
from zdl_bench.errors import DataError, display, require
from zdl_bench.language import translate
from zdl_bench.run.config import CLASSES, MAX_SEED, NUMBERS, Value

MAX_VALIDATION, VALIDATION_SHARE = 10_000, 5
"""By default one training example in so many validates, but no more than this."""
MAX_REASONS = 3
IDENTITY = ("checksum", "validation_size", "test_size", "test_share", "split_seed", "standardize")
"""The values in the config of a run that say which data it has."""


class OwnData(DataSet):
    """A data set in a file or folder of the user's. A subclass reads one format.

    path: the file or folder. test_share: share of the examples for the test, if the file does not say which. split_seed: seed
    of the order of the examples, whose last ones are for the test and for validation. standardize: subtract the mean of each
    feature and divide by its standard deviation, both of the training examples; in a regression also for the labels.
    """

    classes = None
    label: str | None = None
    """The name of the labels in the file, if the user gives one."""

    def __init__(
        self, name: str, path: str | None = None, test_share: float = 0.2, split_seed: int = 0, standardize: bool = False
    ) -> None:
        require("dataset.test_share", test_share, 0 < test_share < 1, "give the share of the test examples, such as 0.2")
        require("dataset.split_seed", split_seed, 0 <= split_seed <= MAX_SEED, f"a seed is an integer from 0 to {MAX_SEED}")
        self.name = name
        self.path = path
        self.predicts = ""
        self._options: dict[str, Value] = {"test_share": test_share, "split_seed": split_seed, "standardize": standardize}
        self._values: Mapping[str, Value] = {}
        self._content: Content | None = None

    @abstractmethod
    def read(self, path: Path, predicts: str) -> Content:
        """Return what the file holds, with labels of this kind. Raise DataError, with the remedy, if it cannot be used."""

    @property
    def checksum(self) -> str:
        return str(self._values["checksum"])

    @property
    def cache_name(self) -> str:
        identity = json.dumps({**self._values, "format": self.name, "source": self.source}, sort_keys=True)
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def open(self, predicts: str) -> None:
        self.predicts = predicts
        if self.path is None:
            raise DataError(f"dataset={self.name}: the data are missing; name them with dataset.path=FILE")
        content = self.read(Path(os.path.expanduser(self.path)), predicts)
        rows = len(content.train.labels)
        if content.test is None:
            test_size = max(1, round(float(self._options["test_share"]) * rows))  # type: ignore[arg-type]
            rows -= test_size
        else:
            test_size, self._options["test_share"] = len(content.test.labels), None
        if rows < 2:
            raise DataError(f"{self._where}: {rows + test_size} examples are too few for a training and a test set")
        self.train_size, self.test_size = rows, test_size
        self._values = {"checksum": content_checksum(content), "test_size": test_size, **self._options}
        self._content = content
        self.remarks = self._note_origin(os.path.abspath(os.path.expanduser(self.path)))

    @property
    def _where(self) -> str:
        return f"dataset.path={display(self.path)}"

    def _note_origin(self, path: str) -> list[str]:
        """Note where the data were read. Return a sentence if the file had another content before."""
        before = note_origin(path, [self.name, self.predicts, self.label or ""], self.checksum)
        if before is None:
            return []
        return [
            translate(
                "{where}: the file has changed since it was last read (checksum {before}, now {now}); its runs are new ones, "
                "and those on the old data stay in the store",
                where=self._where,
                before=before[:8],
                now=self.checksum[:8],
            )
        ]

    def changes(self) -> str:
        different: list[str] = []
        unreadable: list[str] = []
        for origin in origins_of(self.checksum):
            now, (_, predicts, label) = copy(self), origin.options
            now.path, now.label = origin.path, label or None
            try:
                if content_checksum(now.read(Path(origin.path), predicts)) == self.checksum:
                    return ""
                different.append(translate("{path} has changed since these runs were planned", path=display(origin.path)))
            except DataError as error:
                unreadable.append(str(error))
        reasons = different or unreadable  # a file that moved away is no news where one with other content was read
        said = "; ".join(sorted(reasons)[:MAX_REASONS])
        return translate("{reasons}; these runs use the copy in the cache", reasons=said) if reasons else ""

    def default_validation_size(self) -> int | None:
        return min(MAX_VALIDATION, self.train_size // VALIDATION_SHARE)

    def keep(self, validation_size: int) -> dict[str, Value]:
        values = {**self._values, "validation_size": validation_size}
        self._values = {key: values[key] for key in IDENTITY}
        assert self._content is not None, "call open() first"
        arrays = self._arrays(self._content)
        write_decoded(self, arrays)
        self._content = None
        remark = translate(
            "{where}: {found}; checksum {checksum}",
            where=self._where,
            found=describe_data(arrays, validation_size),
            checksum=self.checksum[:8],
        )
        self.remarks = [remark, *self.remarks]
        return dict(self._values)

    def of_run(self, values: Mapping[str, Value]) -> "DataSet":
        found = copy(self)
        found._values = {key: values.get(key) for key in IDENTITY}
        size = found._values["test_size"]
        found.test_size = size if type(size) is int else None
        return found

    def decode(self) -> Arrays:
        raise DataError(
            f"dataset={self.name}: the data with the checksum {display(self.checksum)[:12]}… are not in the cache; "
            "run the command of the sweep again with dataset.path=FILE, which reads them"
        )

    def require_at_hand(self) -> None:
        if not is_decoded(self):
            self.decode()

    def _arrays(self, content: Content) -> Arrays:
        """Return the examples in the order of the split, with classes numbered from 0, and standardized if that is wanted."""
        train, test = split_content(content, int(self._values["split_seed"]), int(self._values["test_size"]))  # type: ignore[arg-type]
        labels = [train.labels, test.labels]
        images = [train.images, test.images]
        part = len(labels[0]) - int(self._values["validation_size"])  # type: ignore[arg-type]
        if self.predicts == CLASSES:
            classes = classes_of(self._where, *labels)
            labels = [np.searchsorted(classes, one).astype(np.uint8) for one in labels]
        elif self.predicts == NUMBERS:
            if (labels[0][:part] == labels[0][0]).all():
                raise DataError(f"{self._where}: all numbers to predict are {labels[0][0]}, so there is nothing to learn")
            labels = standardized(labels, part) if self._values["standardize"] else labels
        if self._values["standardize"]:
            images = standardized(images, part)
        return Arrays(images[0], labels[0], images[1], labels[1])
