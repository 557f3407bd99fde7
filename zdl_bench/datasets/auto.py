"""`dataset=auto`: the first available data set of a list."""

from zdl_bench.datasets.dataset import Arrays, DataSet
from zdl_bench.errors import DataError


class Auto(DataSet):
    """A placeholder. Before any run is planned, the first of its candidates that is available replaces the placeholder."""

    def __init__(self, name: str, candidates: list[str]) -> None:
        self.name = name
        self.candidates = tuple(candidates)

    @property
    def checksum(self) -> str:
        raise DataError(
            f"dataset={self.name}: this is a placeholder without a checksum; name one of {', '.join(self.candidates)}"
        )

    def decode(self) -> Arrays:
        raise DataError(f"dataset={self.name}: this is a placeholder without images; name one of {', '.join(self.candidates)}")
