"""The claims of an experiment, read from its YAML. The module `verdict` judges them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import islice
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.statistics.claim_part import ClaimPart, Kind, Statistic, View, refuse_unless

ALL_OF = "all_of"
MAX_COMPARISONS = 300
"""The largest number of comparisons in an experiment, including those in other views. Each comparison takes milliseconds."""


@dataclass(frozen=True)
class Claim:
    """A sentence with the comparisons, its parts, that decide whether it holds. The claim holds if all parts hold.

    also: further views, in which parts are shown without a verdict. exists: whether the claim says that some case exists, so
    that the case of these runs can support it but cannot refute it. waits_for: what is missing to decide the claim, or empty.
    """

    id: str
    sentence: str
    source: str
    kind: str
    parts: tuple[ClaimPart, ...]
    also: tuple[View, ...] = ()
    exists: bool = False
    waits_for: str = ""
    note: str = ""


CLAIM_KEYS = tuple(field.name for field in fields(Claim))
PART_KEYS = tuple(field.name for field in fields(ClaimPart))


def claims_of(contents: Iterable[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """Return the claims in an experiment's YAML. The parts of an `all_of` claim inherit the claim's own keys.

    Raise a ConfigError that names the claim if a claim cannot be read.
    """
    claims: dict[str, Claim] = {}
    for number, content in enumerate(contents, start=1):
        name = f"claim {display(content.get('id', number))}"
        try:
            claim = _claim(content)
            refuse_unless(claim.id not in claims, "another claim has this id; give each claim its own id")
            claims[claim.id] = claim
            comparisons = sum(len(one.parts) * (1 + len(one.also)) for one in claims.values())
            refuse_unless(
                comparisons <= MAX_COMPARISONS,
                f"the claims ask for more than {MAX_COMPARISONS} comparisons; remove claims or views",
            )
        except (ConfigError, KeyError, TypeError, ValueError, OverflowError) as error:
            missing = f"the key `{error.args[0]}` is missing; add this key" if isinstance(error, KeyError) else str(error)
            raise ConfigError(f"{name} of the experiment: {missing}") from error
    return tuple(claims.values())


def _claim(content: Mapping[str, Any]) -> Claim:
    allowed = dict.fromkeys((*CLAIM_KEYS, *PART_KEYS))
    for key in content:
        refuse_unless(key in allowed, f"the key {key} is unknown; use {', '.join(allowed)}")
    shared = {key: content[key] for key in PART_KEYS if key in content and key != "kind"}
    if content["kind"] == ALL_OF:
        by_metric = (_part(one) for part in content["parts"] for one in _by_metric(shared | part))
        parts = list(islice(by_metric, MAX_COMPARISONS + 1))  # a list of metrics in each of many parts could fill the memory
    else:
        refuse_unless("parts" not in content, f"only a claim of kind {ALL_OF} takes `parts`; remove the parts")
        parts = [] if "waits_for" in content and "metric" not in content else [_part(shared | {"kind": content["kind"]})]
    also = tuple(View(view) for view in content.get("also", []))
    for view in also:
        for part in parts:
            part.in_view(view)  # raises ConfigError if the view needs a learning rate and the part has none
    exists = content.get("exists", False)
    refuse_unless(isinstance(exists, bool), f"exists: {display(exists)} is neither true nor false; use true or false")
    waits_for, note = (str(content.get(key, "")) for key in ("waits_for", "note"))
    refuse_unless(bool(parts) or bool(waits_for), "there are no parts; add `parts`, or state in `waits_for` what is missing")
    texts = {key: str(content[key]) for key in ("id", "sentence", "source", "kind")}
    return Claim(**texts, parts=tuple(parts), also=also, exists=exists, waits_for=waits_for, note=note)


def _by_metric(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield one part for each metric in a list of metrics, or the part itself if it names one metric."""
    metrics = content.get("metric")
    yield from ({**content, "metric": metric} for metric in metrics) if isinstance(metrics, list) else (content,)


def _part(content: Mapping[str, Any]) -> ClaimPart:
    for key in content:
        refuse_unless(key in PART_KEYS, f"the key {key} of a part is unknown; use {', '.join(PART_KEYS)}")
    values = dict(content)
    choices: dict[str, type[StrEnum]] = {"kind": Kind, "view": View, "statistic": Statistic}
    for key in [key for key in choices if key in values]:
        known = [str(choice.value) for choice in choices[key]]
        refuse_unless(values[key] in known, f"{key}: {display(values[key])} is unknown; use {', '.join(known)}")
        values[key] = choices[key](values[key])
    for key in ("levels", "at"):
        refuse_unless(isinstance(values.get(key, []), list), f"{key}: {display(values.get(key))} is not a list; give a list")
    values["levels"] = tuple(values.get("levels", ()))
    values["at"] = tuple(float(place) for place in values.get("at", range(len(values["levels"]))))
    for key in ("lr", "margin", "at_most", "at_least"):
        values[key] = None if values.get(key) is None else float(values[key])
    return ClaimPart(values.pop("kind"), values.pop("metric"), values.pop("first"), **values)
