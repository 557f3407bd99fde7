"""Match the runs of two sweeps by their configs, except for the code of their parts and for what the sweeps change."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from zdl_bench.run.conditions import condition_keys, distinguish, label
from zdl_bench.run.config import RunConfig, Value
from zdl_bench.run.run import Run

CODE = re.compile(r".+\.source")
"""Pattern of the keys of a flat config that identify the code of a part, such as `transform.ema.source`."""
CHANGEABLE = ("optimizer", "transform", "schedule", "lr", "dtype")
"""The groups and keys whose values may change from sweep to sweep. Runs that differ in any other key are never compared."""

Key = tuple[tuple[str, str], ...]


class MatchedRuns(NamedTuple):
    """The runs of one condition, before and after a change, on the seeds that both have. The sides may be empty."""

    condition: str
    before: list[Run]
    after: list[Run]


def config_without_code(config: RunConfig, ignored: Iterable[str] = ()) -> Key:
    """Return the config of a run without its seed, the identity of its code and the ignored keys, to match it by."""
    left_out = {"seed", *ignored}
    items = ((key, repr(value)) for key, value in config.flat().items() if key not in left_out and not CODE.fullmatch(key))
    return tuple(sorted(items))


def match_runs(before: Sequence[Run], after: Sequence[Run], chosen: Collection[str]) -> list[MatchedRuns]:
    """Return the conditions that both sweeps have, in the order of the second.

    An optimizer is matched with itself; if each sweep has only one, they are matched whatever their names. Keys in CHANGEABLE
    of which each side has one value are no part of a condition, since they are the change. chosen: keys whose value each side
    chose for itself.
    """
    found = []
    for ours, theirs in _by_optimizer(before, after):
        ignored = _changed_keys(ours, theirs) | {*chosen}
        first, second = _by_condition(ours, ignored), _by_condition(theirs, ignored)
        found += [(first[condition], second[condition]) for condition in second if condition in first]
    names = _names([runs[0].config for _, runs in found])
    return [MatchedRuns(name, *_on_shared_seeds(*pair)) for name, pair in zip(names, found, strict=True)]


def _by_optimizer(before: Sequence[Run], after: Sequence[Run]) -> list[tuple[list[Run], list[Run]]]:
    groups: tuple[dict[str, list[Run]], dict[str, list[Run]]] = (defaultdict(list), defaultdict(list))
    for group, runs in zip(groups, (before, after), strict=True):
        for run in runs:
            group[run.config.optimizer.name].append(run)
    first, second = groups
    if len(first) == len(second) == 1:
        return [(*first.values(), *second.values())]  # type: ignore[list-item]
    return [(first[name], second[name]) for name in second if name in first]


def _changed_keys(before: Sequence[Run], after: Sequence[Run]) -> set[str]:
    """Return the keys in CHANGEABLE of which each side has one value, if the two values differ."""
    flats = [[run.config.flat() for run in runs] for runs in (before, after)]
    keys = dict.fromkeys(key for side in flats for flat in side for key in flat if key.partition(".")[0] in CHANGEABLE)
    values = {key: [{repr(flat.get(key)) for flat in side} for side in flats] for key in keys}
    return {key for key, (first, second) in values.items() if len(first) == len(second) == 1 and first != second}


def _by_condition(runs: Sequence[Run], ignored: set[str]) -> dict[Key, list[Run]]:
    found: dict[Key, list[Run]] = defaultdict(list)
    for run in runs:
        found[config_without_code(run.config, ignored)].append(run)
    return found


def _on_shared_seeds(before: list[Run], after: list[Run]) -> tuple[list[Run], list[Run]]:
    seeds = {run.config.seed for run in before} & {run.config.seed for run in after}
    first, second = ([run for run in runs if run.config.seed in seeds] for runs in (before, after))
    return first, second


def _names(configs: Sequence[RunConfig]) -> list[str]:
    """Return a different name for each condition, such as `adam lr=0.001`."""
    keys = [key for key in condition_keys(configs) if not CODE.fullmatch(key)]
    named: list[tuple[tuple[str, Value], ...]] = [tuple((key, config.flat().get(key)) for key in keys) for config in configs]
    texts = distinguish(named, lambda condition, write: label(dict(condition), write))
    return [texts[condition] for condition in named]
