"""Data sets of four IDX files, such as MNIST: found on this machine or downloaded from a mirror."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zdl_bench.datasets import mirrors
from zdl_bench.datasets.cache import cache_folder, is_decoded
from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.datasets.packings import IdxFile, WrongChecksum, read_arrays
from zdl_bench.datasets.places import Candidate, find_candidates, find_places, has_usual_name
from zdl_bench.errors import DataError, display

DATA_VARIABLE = "ZDL_BENCH_DATA"
"""The environment variable that lists folders, separated as in PATH, with data sets or subfolders named after data sets."""


class MissingFile(DataError):
    """The error for a place that lacks a file of the data set."""


class IdxDataSet(DataSet):
    """A data set of four IDX files, read from the first place that has all four. If `dir` is given, no other place is searched.
    Otherwise the places are, in this order: the folders of ZDL_BENCH_DATA, the cache and the `mirrors`.

    files: for each part (train_images, train_labels, test_images, test_labels), the file name, the shape, the SHA-256 of the
        file as served and, if published, the SHA-256 of the content.
    """

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
        self.test_size = self.files["test_labels"].shape[0]
        self.passed_over: list[str] = []

    @property
    def checksum(self) -> str:
        hashes = {part: self.files[part].content or self.files[part].served for part in Arrays._fields}
        return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()

    def must_be_decoded(self) -> bool:
        return self.dir is not None

    def require_location(self) -> None:
        if self.dir is not None:
            with self._errors_name_dir():
                self._complete_places(_folder(self.dir))

    def require_at_hand(self) -> None:
        if not is_decoded(self) and self.decode_local() is None:
            try:
                mirrors.nearest_mirror(self.mirrors, self.files["train_images"].file)
            except DataError as error:
                raise DataError("\n".join([str(error), *self.passed_over])) from error

    def decode(self) -> Arrays:
        return self.decode_local() or self._download()

    def decode_local(self) -> Arrays | None:
        self.passed_over = []
        if self.dir is not None:
            with self._errors_name_dir():
                return self._first_sound(self._complete_places(_folder(self.dir)))
        for folder in self._folders():
            try:
                return self._first_sound(self._complete_places(folder))
            except MissingFile:
                continue
            except OSError as error:
                self._pass_over(folder, f"it cannot be read ({error.strerror})")
            except WrongChecksum as error:  # a folder of another data set has files of the same names
                self._pass_over(folder, f"{error.file} in this folder does not belong to {self.name}")
            except DataError as error:
                self._pass_over(folder, str(error))
        return None

    def _folders(self) -> Iterator[Path]:
        """Yield the folders to search, in order."""
        yield from (_folder(one) for one in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if one)
        try:
            yield cache_folder() / self.name
        except DataError as error:
            self.passed_over.append(str(error))

    def _pass_over(self, place: Path, reason: str) -> None:
        self.passed_over.append(f"{display(place)} was passed over: {reason}")

    @contextmanager
    def _errors_name_dir(self) -> Iterator[None]:
        """Add `dir` and the remedy to errors about files that are missing or cannot be read."""
        given = f"dataset.dir={display(self.dir)}"
        try:
            yield
        except MissingFile as error:
            can_be_repacked = all(file.content for file in self.files.values())
            accepted = "compressed or not, or in an archive" if can_be_repacked else "compressed as the mirrors serve them"
            raise DataError(f"{given}: {error}; name the folder with the IDX files ({accepted})") from error
        except (OSError, ValueError) as error:  # ValueError: no file can have such a name
            reason = error.strerror if isinstance(error, OSError) else error
            raise DataError(f"{given}: it cannot be read ({reason}); name another folder") from error

    def _complete_places(self, root: Path) -> list[list[Candidate]]:
        """Return, for each place in `root` that may hold all parts, the files of that place.

        Raise MissingFile if there is no such place, and OSError or ValueError if the root cannot be read.
        """
        places = []
        for place in find_places(root, self.name):
            try:
                places.append(find_candidates(place, self.name, self.files, is_given=place == root))
            except OSError as error:
                self._pass_over(place, f"it cannot be read ({error.strerror})")
        complete = [place for place in places if len(_parts_of(place)) == len(self.files)]
        if not complete:
            nearest = max(map(_parts_of, places), key=len, default=set())
            missing = next(file.file for part, file in self.files.items() if part not in nearest)
            raise MissingFile(f"there is no {missing}" if places else "there is no such folder")
        return complete

    def _first_sound(self, places: list[list[Candidate]]) -> Arrays:
        """Return the arrays of the first place whose files are intact.

        If no place has intact files, raise the first error that is not MissingFile, or else the first MissingFile.
        """
        refusals = []
        for place in places:
            try:
                return self._read(place)
            except DataError as error:
                refusals.append(error)
        raise next((error for error in refusals if not isinstance(error, MissingFile)), refusals[0])

    def _read(self, place: list[Candidate]) -> Arrays:
        """Return the arrays of a place.

        If a part is missing, raise the error of the file that is likeliest to hold the part, or MissingFile if there is none.
        """
        found: dict[str, npt.NDArray[np.uint8]] = {}
        refusals: dict[str, DataError] = {}
        for path, parts, is_telling in place:
            wanted = {part: file for part, file in self.files.items() if part in parts - found.keys()}
            if not wanted:
                continue
            try:
                found |= read_arrays(path, wanted)
                error = DataError(f"{path} does not hold all of {self.name}; add the missing files")
            except DataError as raised:
                if not is_telling and not isinstance(raised, WrongChecksum):
                    continue  # an unrelated archive
                error = raised
            named = {part for part, file in wanted.items() if has_usual_name(path.name, file)}
            refusals = dict.fromkeys(wanted, error) | refusals | dict.fromkeys(named, error)
        missing = [part for part in self.files if part not in found]
        if missing:
            raise refusals.get(missing[0]) or MissingFile(f"there is no {self.files[missing[0]].file}")
        return Arrays(**{part: array.reshape(len(array), -1) if array.ndim > 1 else array for part, array in found.items()})

    def _download(self) -> Arrays:
        hashes = {file.file: file.served for file in self.files.values()}
        try:
            folder = mirrors.download(self.mirrors, hashes, cache_folder() / self.name)
        except DataError as error:
            reasons = "\n".join([f"dataset={self.name}: {error}", *self.passed_over])
            raise DataError(
                f"{reasons}\nPut the IDX files into a folder and set {DATA_VARIABLE} to this folder, or use dataset=digits."
            ) from error
        return self._read([Candidate(folder / file.file, {part}, True) for part, file in self.files.items()])


def _folder(given: str) -> Path:
    return Path(os.path.expanduser(given))


def _parts_of(place: list[Candidate]) -> set[str]:
    return set().union(*(candidate.parts for candidate in place))
