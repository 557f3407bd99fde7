"""The key `zip` of a command line or block: keys whose values are paired one to one instead of combined."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.overrides import Reading, Setting
from zdl_bench.run.counts import count_of

ZIP_KEY = "zip"
EXAMPLE = "zip=optimizer,lr"
Zips = tuple[tuple[str, ...], ...]
"""Groups of keys. The values of the keys of a group are paired."""
PairedSettings = Sequence[tuple[Setting, ...]]
"""The values of a key or of a zipped group, each as the settings that belong together."""


def without_zip(readings: Sequence[Reading]) -> tuple[list[Reading], Zips | None]:
    """Return the readings of all other keys, and the zipped groups, or None if the command line does not give `zip`."""
    others = [reading for reading in readings if reading.key != ZIP_KEY]
    given = [reading for reading in readings if reading.key == ZIP_KEY]
    return others, zips_of(given[0].values) if given else None


def zips_of(value: Any) -> Zips:
    """Return the groups of keys in a value of `zip`: one list of keys, or a list of such lists; null gives no group.

    The values of a sweep, such as those of `zip=optimizer,lr`, also count as a list. Raise ConfigError for a group that is not
    a list of two or more different keys, and for a key in two groups.
    """
    while isinstance(value, list) and len(value) == 1 and (value[0] is None or isinstance(value[0], list)):
        value = value[0]
    if value is None or value == []:
        return ()
    is_list = isinstance(value, list)
    groups = value if is_list and all(isinstance(group, list) for group in value) else [value]
    for group in groups:
        if not isinstance(group, list) or len(group) < 2 or not all(isinstance(key, str) for key in group):
            raise ConfigError(f"zip={display(group)}: give two or more keys whose values are paired, for example {EXAMPLE}")
    keys = [*chain(*groups)]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ConfigError(f"zip: {display(twice)} stands there twice, but a key can be paired only once; remove one of the two")
    return tuple(map(tuple, groups))


def zipped_columns(lists: Mapping[str, Sequence[Setting]], zips: Zips, overriding: Iterable[str] = ()) -> list[PairedSettings]:
    """Return what a product combines: a column per key that is not zipped, and one per zipped group, at its first key.

    lists: key → its values. overriding: keys for which the command line replaced the values of a block. If such a key has one
    value, the value holds for all pairs. Raise ConfigError if a zipped key has no values, or if the keys of a group have
    different numbers of values.
    """
    groups: dict[str, tuple[str, ...]] = {}
    for zipped in zips:
        for key in zipped:
            if key not in lists:
                raise ConfigError(f"zip: {display(key)} has no values here; give some, for example {display(key)}=…,…")
        paired = tuple(key for key in zipped if len(lists[key]) != 1 or key not in overriding)
        _require_equal_lengths({key: len(lists[key]) for key in paired})
        groups |= dict.fromkeys(paired, paired)
    first = {paired: next(key for key in lists if key in paired) for paired in groups.values()}
    return [
        list(zip(*(lists[one] for one in groups.get(key, (key,))), strict=True))
        for key in lists
        if key not in groups or first[groups[key]] == key
    ]


def _require_equal_lengths(lengths: Mapping[str, int]) -> None:
    counts = [f"{key} has {count_of(count, 'value')}" for key, count in lengths.items()]
    if len({*lengths.values()}) > 1:
        raise ConfigError(
            f"zip=[{','.join(lengths)}]: {' and '.join([', '.join(counts[:-1]), counts[-1]])}; keys are paired one to one, so "
            "give equally many values, or leave one of the keys out of zip"
        )
