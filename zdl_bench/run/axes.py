"""The axes of a sweep: keys other than optimizer, lr and seed, along whose values the optimizers are compared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from zdl_bench.language import later, later_list
from zdl_bench.run.conditions import ALWAYS_SHOWN, Facets, condition_keys, facets_of, identity_of, texts_of
from zdl_bench.run.config import RunConfig, Value

ANY_VALUE = ""
"""The identity of a value that an optimizer does not have: its runs belong to every panel."""
Flat = Mapping[str, Value]


class AxisCell(NamedTuple):
    """An optimizer at a place on an axis.

    panel: the values of the sweep's other keys, in words; empty if there are none. place: the index of the value on the axis.
    facets: those of its runs. is_constant: whether the optimizer lacks the key, so that the same runs stand at every place.
    """

    panel: str
    optimizer: str
    place: int
    facets: Facets
    is_constant: bool = False


@dataclass(frozen=True)
class Axis:
    """A key with several values, and where the conditions of the sweep stand on it.

    partners: the keys whose values change with those of the key one to one, as in a zipped grid. values: ascending if they are
    numbers, otherwise in the order of the plan. texts: the values in words, with those of the partners in further lines.
    """

    key: str
    partners: tuple[str, ...]
    values: tuple[Value, ...]
    texts: tuple[str, ...]
    cells: tuple[AxisCell, ...]

    @property
    def panels(self) -> list[str]:
        return list(dict.fromkeys(cell.panel for cell in self.cells))

    @property
    def name(self) -> str:
        return later("{key} with {others}", key=self.key, others=later_list(self.partners)) if self.partners else self.key

    @property
    def numbers(self) -> list[float] | None:
        """The values as numbers, or None if one is not a number. A list of one number, such as a single layer, is a number."""
        found = [number_of(value) for value in self.values]
        return None if None in found else [number for number in found if number is not None]


def number_of(value: Value) -> float | None:
    """Return a value as a number, or None if it is neither a number nor a list of one."""
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def axes_of(configs: Iterable[RunConfig], tuned: Sequence[str] = ()) -> list[Axis]:
    """Return an axis for each key that has several values for some optimizer, while all other keys are the same.

    tuned: keys whose values are chosen, as those of lr are; they have no axis.

    There is no axis for `problem` if some problem has no data set: the losses of different surfaces have nothing in common.
    """
    listed = list(configs)
    facets = facets_of(listed, tuned=tuned)
    conditions: dict[Facets, Flat] = {}
    for config in listed:
        conditions.setdefault(facets[config.run_id], config.flat())
    flats = list(conditions.values())
    groups: dict[tuple[int, ...], list[str]] = {}
    for key in condition_keys(listed):
        if key not in (*ALWAYS_SHOWN, *tuned):
            groups.setdefault(_partition(flats, key), []).append(key)
    keys = [key for group in groups.values() for key in group]
    axes = (_axis(group, [key for key in keys if key not in group], conditions) for group in groups.values())
    has_surface = any(flat["dataset"] is None for flat in flats)
    return [axis for axis in axes if axis.cells and not (has_surface and "problem" in (axis.key, *axis.partners))]


def _partition(flats: Sequence[Flat], key: str) -> tuple[int, ...]:
    """Return a number for each condition; conditions with the same value of the key have the same number."""
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(identity_of(flat, key), len(numbers)) for flat in flats)


def _axis(group: Sequence[str], others: Sequence[str], conditions: Mapping[Facets, Flat]) -> Axis:
    """Return the axis of keys whose values change together. others: all other keys that the sweep varies."""
    with_key: dict[str, Flat] = {}
    for flat in conditions.values():
        if group[0] in flat:
            with_key.setdefault(identity_of(flat, group[0]), flat)
    rows = list(with_key.values())
    numeric = [key for key in group if None not in [number_of(flat.get(key)) for flat in rows]]
    key = next(iter(numeric), group[0])
    if numeric:
        rows.sort(key=lambda flat: number_of(flat[key]) or 0.0)
    partners = tuple(one for one in group if one != key)
    words = {one: texts_of(dict.fromkeys(flat.get(one) for flat in rows)) for one in (key, *partners)}
    texts = tuple("\n".join(text[flat.get(one)] for one, text in words.items()) for flat in rows)
    places = {identity_of(flat, key): place for place, flat in enumerate(rows)}
    cells = _cells(key, places, _panels(others, conditions), conditions)
    return Axis(key, partners, tuple(flat[key] for flat in rows), texts, tuple(cells))


def _panels(others: Sequence[str], conditions: Mapping[Facets, Flat]) -> dict[Facets, list[str]]:
    """Return the panels to which each condition belongs: that of its values of the other keys, or all that they fit."""
    identities = {facets: tuple(identity_of(flat, key) for key in others) for facets, flat in conditions.items()}
    names: dict[tuple[str, ...], str] = {}
    for facets, flat in conditions.items():
        texts = (f"{key}={texts_of([flat[key]])[flat[key]]}" for key in others if key in flat)
        names.setdefault(identities[facets], ", ".join(texts))
    complete = [one for one in names if ANY_VALUE not in one]

    @cache
    def by_values(places: tuple[int, ...]) -> dict[tuple[str, ...], list[str]]:
        """Return the values of the keys at these places → the panels that have them."""
        found: dict[tuple[str, ...], list[str]] = {}
        for one in complete:
            found.setdefault(tuple(one[place] for place in places), []).append(names[one])
        return found

    def fitting(own: tuple[str, ...]) -> list[str]:
        places = tuple(place for place, value in enumerate(own) if value != ANY_VALUE)
        return by_values(places).get(tuple(own[place] for place in places), [names[own]])

    return {facets: fitting(own) for facets, own in identities.items()}


def _cells(
    key: str, places: Mapping[str, int], panels: Mapping[Facets, list[str]], conditions: Mapping[Facets, Flat]
) -> list[AxisCell]:
    """Return the cells of the panels in which some optimizer has several values of the key."""
    found: dict[tuple[str, str, int], AxisCell] = {}
    for facets, flat in conditions.items():
        for panel in panels[facets]:
            at = [places[identity_of(flat, key)]] if key in flat else list(places.values())
            for place in at:
                cell = AxisCell(panel, str(flat["optimizer"]), place, facets, key not in flat)
                found.setdefault((panel, cell.optimizer, place), cell)
    counts: dict[tuple[str, str], int] = {}
    for cell in found.values():
        counts[cell.panel, cell.optimizer] = counts.get((cell.panel, cell.optimizer), 0) + (not cell.is_constant)
    shown = {panel for (panel, _), count in counts.items() if count > 1}
    return [cell for cell in found.values() if cell.panel in shown]
