"""Data sets as four IDX files (MNIST and its relatives): found on this machine, or downloaded from a mirror."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.datasets import mirrors
from zdl_bench.datasets.dataset import Arrays, DataSet, cache_folder, is_decoded
from zdl_bench.datasets.packings import IdxFile, WrongChecksum, arrays_of
from zdl_bench.datasets.places import Candidate, candidates_in, places_of
from zdl_bench.errors import DataError, display

DATA_VARIABLE = "ZDL_BENCH_DATA"
"""Environment variable: folders (separated as in PATH) that hold data sets, or subfolders named after them."""


class NotThere(DataError):
    """A place has no file that tells that it is one of the data set's. Its message names the file that is missed."""


class IdxDataSet(DataSet):
    """Four IDX files, looked for in `dir` (if given, only there), else in the folders of ZDL_BENCH_DATA, else in the cache,
    else downloaded from the first of the `mirrors` that serves them."""

    def __init__(
        self, name: str, classes: int, files: Mapping[str, Mapping[str, Any]], mirrors: list[str], dir: str | None
    ) -> None:
        self.name = name
        self.classes = classes
        self.dir = dir
        self.mirrors = tuple(mirrors)
        self.files = {
            part: IdxFile(spec["file"], tuple(spec["shape"]), spec["served"], spec.get("content"))
            for part, spec in files.items()
        }
        self.train_size = self.files["train_labels"].shape[0]
        self.passed_over: list[str] = []
        self.test_size = self.files["test_labels"].shape[0]

    @property
    def checksum(self) -> str:
        hashes = {part: self.files[part].content or self.files[part].served for part in Arrays._fields}
        return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()

    def must_be_decoded(self) -> bool:
        return self.dir is not None

    def require_location(self) -> None:
        if self.dir is not None:
            self._places_in_dir(self.dir)

    def require_at_hand(self) -> None:
        if not is_decoded(self) and self.decode_local() is None:
            try:
                mirrors.require_one(self.mirrors, self.files["train_images"].file)
            except DataError as error:
                raise DataError("\n".join([str(error), *self.passed_over])) from error

    def decode(self) -> Arrays:
        return self.decode_local() or self._downloaded()

    def decode_local(self) -> Arrays | None:
        self.passed_over = []
        if self.dir is not None:
            try:
                return self._first_sound(self._places_in_dir(self.dir))
            except NotThere as error:
                raise self._absence(self.dir, f"there is no {error}") from error
        for folder in self._folders():
            try:
                complete = [place for place in self._places_below(folder) if self._is_complete(place)]
                if complete:
                    return self._first_sound(complete)
            except NotThere:
                continue
            except OSError as error:
                self._pass_over(folder, f"it cannot be read ({error.strerror})")
            except WrongChecksum as error:  # a folder of another data set has files of the same names
                self._pass_over(folder, f"its files are not {self.name} ({error.file})")
            except DataError as error:
                self._pass_over(folder, str(error))
        return None

    def _folders(self) -> Iterator[Path]:
        """The folders that are searched, in order."""
        yield from (_folder(one) for one in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if one)
        try:
            yield self._cache
        except DataError as error:
            self.passed_over.append(str(error))

    @property
    def _cache(self) -> Path:
        return cache_folder() / self.name

    def _pass_over(self, place: Path, reason: str) -> None:
        self.passed_over.append(f"{display(place)} was passed over: {reason}")

    def _places_in_dir(self, given: str) -> list[list[Candidate]]:
        """Raises DataError unless `dir` leads to files that may be those of the data set."""
        try:
            places = self._places_below(_folder(given))
        except (OSError, ValueError) as error:  # the second for a name that no file can have
            reason = error.strerror if isinstance(error, OSError) else error
            raise DataError(f"dataset.dir={display(given)}: it cannot be read ({reason}); name another") from error
        complete = [place for place in places if self._is_complete(place)]
        if not complete:
            nearest = max(map(_parts_of, places), key=len, default=set())
            missing = next(file.file for part, file in self.files.items() if part not in nearest)
            raise self._absence(given, f"there is no {missing}" if places else "there is no such folder")
        return complete

    def _absence(self, given: str, reason: str) -> DataError:
        can_be_repacked = all(file.content for file in self.files.values())
        accepted = "packed or not, or an archive of them" if can_be_repacked else "compressed as they are served"
        return DataError(f"dataset.dir={display(given)}: {reason}; name the folder with the IDX files ({accepted})")

    def _places_below(self, root: Path) -> list[list[Candidate]]:
        """The files of each place below a root. Raises OSError if the root cannot be read."""
        found = []
        for place in places_of(root, self.name):
            try:
                found.append(candidates_in(place, self.name, self.files, is_given=place == root))
            except OSError as error:
                self._pass_over(place, f"it cannot be read ({error.strerror})")
        return found

    def _is_complete(self, place: list[Candidate]) -> bool:
        return len(_parts_of(place)) == len(self.files)

    def _first_sound(self, places: list[list[Candidate]]) -> Arrays:
        """Raises DataError: what is wrong with the first place if none is sound."""
        refusals = []
        for place in places:
            try:
                return self._read(place)
            except DataError as error:
                refusals.append(error)
        raise next((error for error in refusals if not isinstance(error, NotThere)), refusals[0])

    def _read(self, place: list[Candidate]) -> Arrays:
        """Raises DataError: what is wrong with the likeliest file of the first part that is in none, or NotThere."""
        found: dict[str, npt.NDArray[np.uint8]] = {}
        refusals: dict[str, DataError] = {}
        for path, parts, is_telling in place:
            wanted = {part: file for part, file in self.files.items() if part in parts - found.keys()}
            if not wanted:
                continue
            try:
                found |= arrays_of(path, wanted)
                error = DataError(f"{path} does not hold all of {self.name}; add the other files")
            except DataError as raised:
                if not is_telling and not isinstance(raised, WrongChecksum):
                    continue  # some other archive, which is in nobody's way
                error = raised
            named = {part for part, file in wanted.items() if file.is_named(path.name)}
            refusals = dict.fromkeys(wanted, error) | refusals | dict.fromkeys(named, error)
        missing = [part for part in self.files if part not in found]
        if missing:
            raise refusals.get(missing[0]) or NotThere(self.files[missing[0]].file)
        return Arrays(**{part: _flat_images(array) for part, array in found.items()})

    def _downloaded(self) -> Arrays:
        hashes = {file.file: file.served for file in self.files.values()}
        try:
            folder = mirrors.download(self.mirrors, hashes, self._cache)
        except DataError as error:
            reasons = "\n".join([f"dataset={self.name}: {error}", *self.passed_over])
            raise DataError(
                f"{reasons}\nPut its IDX files into a folder and name it in {DATA_VARIABLE}, or use dataset=digits."
            ) from error
        return self._read([Candidate(folder / file.file, {part}, True) for part, file in self.files.items()])


def _parts_of(place: list[Candidate]) -> set[str]:
    return set().union(*(candidate.parts for candidate in place))


def _folder(given: str) -> Path:
    return Path(os.path.expanduser(given))


def _flat_images(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return array.reshape(len(array), -1) if array.ndim > 1 else array
