"""The runs of other stores that a merge would take over. Each is read and checked before any is taken."""

from dataclasses import dataclass, field
from typing import NamedTuple

from zdl_bench.commands.comparison import comparable_fields, describe_config, find_differences
from zdl_bench.commands.first_difference import first_difference
from zdl_bench.errors import StoreError
from zdl_bench.run.config import ENGINE_VERSION
from zdl_bench.run.run import Run
from zdl_bench.store.store import Store


class Source(NamedTuple):
    """Where a run is taken from, and the checksum of its content when it was checked."""

    store: Store
    checksum: str


@dataclass
class StoreCheck:
    """What was found in one store.

    new: ids of the runs to take. trainable: those of them that can be trained again with this engine and shipped code.
    here: how many runs are here already. damaged: run id → error.
    """

    store: Store
    new: list[str] = field(default_factory=list)
    trainable: list[str] = field(default_factory=list)
    here: int = 0
    damaged: dict[str, StoreError] = field(default_factory=dict)


@dataclass(frozen=True)
class Arrivals:
    """The runs that a merge takes over into the store `ours`. sources: run id → where it is taken from."""

    ours: Store
    sources: dict[str, Source] = field(default_factory=dict)

    def check(self, theirs: Store) -> StoreCheck:
        """Read every run of a store, and note those to take: runs that are not here, or only without a result or damaged.

        Raise StoreError if a run differs from the one of the same id that is here or comes from another of the stores.
        """
        found = StoreCheck(theirs)
        for run_id in theirs.run_ids():
            try:
                run, hashes = theirs.read_with_hashes(run_id)
            except StoreError as error:
                found.damaged[run_id] = error
                continue
            known = self._known(run_id)
            if known is not None and (known[1].status.is_result or not run.status.is_result):
                _require_same(known, (theirs, run))
                found.here += 1
                continue
            self.sources[run_id] = Source(theirs, hashes.content)
            found.new.append(run_id)
            if run.engine == ENGINE_VERSION and run.status.is_result:
                found.trainable.append(run_id)
        return found

    def take(self) -> None:
        """Store every run. A run that is stored already when a merge is killed is not taken again by the next.

        Raise StoreError if a run has changed since it was checked, or if it cannot be written.
        """
        for run_id, source in self.sources.items():
            run, hashes = source.store.read_with_hashes(run_id)
            if hashes.content != source.checksum:
                raise StoreError(f"{source.store.run_path(run_id)} has changed since it was checked; repeat the command")
            if self.ours.has(run_id):
                self.ours.set_aside(run_id)
            self.ours.write(run)

    def _known(self, run_id: str) -> tuple[Store, Run] | None:
        """Return the run that this store holds or will hold, with its place, or None if there is none that can be read."""
        if run_id in self.sources:
            return self.sources[run_id].store, self.sources[run_id].store.read(run_id)
        found = self.ours.read_all([run_id] if self.ours.has(run_id) else []).runs
        return (self.ours, found[0][0]) if found else None


def _require_same(known: tuple[Store, Run], other: tuple[Store, Run]) -> None:
    """Raise StoreError if two results of one id differ in anything but times and the environment."""
    (ours, first), (theirs, second) = known, other
    if not (first.status.is_result and second.status.is_result):
        return
    differing = find_differences(comparable_fields(first), comparable_fields(second))
    if differing:
        step, values = first_difference(first.curve, second.curve)
        where = f" from step {step} ({values})" if step is not None else f" in {', '.join(differing)}"
        raise StoreError(
            f"{ours.run_path(first.run_id)} and {theirs.run_path(first.run_id)} hold different results of one run, "
            f"{describe_config(first.config)}: they differ{where}. Nothing was merged; `verify` says which of them is "
            "repeated here, and the other one has to go"
        )
