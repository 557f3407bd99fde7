"""The six kinds of bad input, and how many of a hundred cases each gets."""

from collections.abc import Callable

from hypothesis import strategies as st

from fuzzing import claims, experiments, idx_files, manifests, overrides, parquet_files
from fuzzing.case import Case

KINDS: dict[str, tuple[Callable[[], st.SearchStrategy[Case]], int]] = {
    "overrides": (overrides.cases, 38),
    "experiments": (experiments.cases, 16),
    "claims": (claims.cases, 12),
    "IDX files": (idx_files.cases, 8),
    "stored runs": (parquet_files.cases, 14),
    "manifests": (manifests.cases, 12),
}


def share(kind: str, cases: int) -> int:
    """How many of so many cases are of a kind."""
    return max(1, cases * KINDS[kind][1] // 100)
