"""The looks of a sweep that adds seeds until it is decided: its runs so far, compared as the report compares them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zdl_bench.api.voice import Voice
from zdl_bench.errors import ConfigError
from zdl_bench.interrupts import signals_deferred
from zdl_bench.run.conditions import facets_of, tuned_text
from zdl_bench.run.config import RunConfig
from zdl_bench.run.experiment import Experiment
from zdl_bench.statistics.look_plan import LookPlan
from zdl_bench.store.manifest import LookRecord, UntilDecided
from zdl_bench.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from zdl_bench.statistics.sequential import SequentialComparison


@dataclass
class LookLog:
    """The looks so far of a sweep with a plan of looks, or of a sweep without one, which has none.

    tuning_seeds: seeds that choose learning rates. tuned: the keys that they choose besides. record: for the manifest; None
    before the first batch that judges.
    """

    plan: LookPlan | None
    voice: Voice
    tuning_seeds: Sequence[int] = ()
    tuned: Sequence[str] = ()
    record: UntilDecided | None = None
    _frames: "list[pd.DataFrame]" = field(default_factory=list)
    _looks: int = 0

    def begin(self, runs: Sequence[RunConfig], asked: Experiment) -> None:
        """Take note of a batch. Raise ConfigError if the first one, which has all optimizers, has no two in one setting."""
        if self.plan is None or self.record:
            return
        seeds, self.tuned = {config.seed for config in runs} - {*asked.tuning_seeds}, asked.tuned_keys
        if not self.tuning_seeds and not self._have_pairs(runs):
            raise ConfigError(
                "until=decided: there is only one optimizer, so nothing is compared; give several, for example "
                "optimizer=sgd,adam"
            )
        self.tuning_seeds = asked.tuning_seeds
        self.record = UntilDecided(min(seeds), self.plan.max_seeds, self.plan.margin) if seeds else None

    def open_runs(self, configs: Mapping[str, RunConfig], trained: Iterable[str], store: Store) -> set[str] | None:
        """Look once more, and return the ids of the runs whose optimizers need more seeds, or None if runs are missing.

        Read the runs from the store that were not read before, and tell what this look decides. configs: all runs of the sweep
        by run id. trained: the ids of those that are in the store. Nothing is open if only one optimizer is judged.
        """
        if not self._have_pairs(one for one in configs.values() if one.seed not in self.tuning_seeds):
            return set()
        with signals_deferred():  # pandas and SciPy take a second or two
            from zdl_bench.report.words.look_lines import decisions_at, look_line

        assert self.plan
        assert self.record
        self._looks += 1
        found = self._compare(configs, trained, store)
        if found is None or found.looks < self._looks:
            return None
        looks = [LookRecord(seeds, decisions_at(found, look)) for look, seeds in enumerate(self.plan.looks[: found.looks], 1)]
        self.record = UntilDecided(self.record.first_seed, self.plan.max_seeds, self.plan.margin, looks)
        self.voice.say(look_line(found))
        in_need = {(found.contest.settings[one], found.contest.names[one]) for one in found.entrants_in_need}
        facets = facets_of(configs.values(), tuned=self.tuned)
        return {run_id for run_id, one in facets.items() if (one.setting, one.variant) in in_need}

    def _have_pairs(self, runs: Iterable[RunConfig]) -> bool:
        """Return whether these runs have two optimizers in one setting."""
        facets = {(one.setting, one.variant) for one in facets_of(runs, tuned=self.tuned).values()}
        return len(facets) > len({setting for setting, _ in facets})

    def _compare(self, configs: Mapping[str, RunConfig], trained: Iterable[str], store: Store) -> "SequentialComparison | None":
        with signals_deferred():
            import pandas as pd

            from zdl_bench.statistics.contest import contest_of
            from zdl_bench.statistics.evidence import VARIANT, entrants_at_best
            from zdl_bench.statistics.sequential import compare_sequentially
            from zdl_bench.statistics.tuning import TUNED
            from zdl_bench.store.frames import run_frame

        assert self.plan
        assert self.record
        known = {run_id for frame in self._frames for run_id in frame["run_id"]}
        new = store.read_all(run_id for run_id in trained if run_id not in known).runs
        self._frames += [run_frame([run for run, _ in new])] if new else []
        if not self._frames:
            return None
        facets = facets_of(configs.values(), tuned=self.tuned)
        names = [(run_id, one.variant, one.setting, tuned_text(configs[run_id], self.tuned)) for run_id, one in facets.items()]
        about = pd.DataFrame(names, columns=["run_id", VARIANT, "setting", TUNED]).drop(columns=[] if self.tuned else TUNED)
        runs = about.merge(pd.concat(self._frames, ignore_index=True), on="run_id")
        by_setting = runs.groupby("setting", sort=False)
        entrants = {str(setting): entrants_at_best(members, self.tuning_seeds) for setting, members in by_setting}
        seeds = range(self.record.first_seed, self.record.first_seed + self.plan.max_seeds)
        return compare_sequentially(contest_of(entrants, seeds), self.plan)
