"""`dataset=auto`: the first available data set of a list."""

from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.errors import DataError


class Auto(DataSet):
    """A placeholder for the first available candidate. It is replaced before a run is planned, so no run trains on it."""

    def __init__(self, name: str, candidates: list[str]) -> None:
        self.name = name
        self.candidates = tuple(candidates)

    @property
    def checksum(self) -> str:
        raise DataError(f"dataset={self.name} stands for another data set and has no checksum; choose one of its candidates")

    def decode(self) -> Arrays:
        raise DataError(f"dataset={self.name} stands for another data set and cannot be decoded; choose one of its candidates")
