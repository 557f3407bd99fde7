"""Colours of many optimizers: those of a family share a hue and differ by lightness, so that a reader finds a kind of rule."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import matplotlib as mpl
import numpy as np

from zdl_bench.errors import ConfigError
from zdl_bench.language import translatable, translate
from zdl_bench.registry import conf_files

FAMILIES = (
    translatable("adaptive"),
    translatable("classical"),
    translatable("layer-wise"),
    translatable("modern"),
    translatable("parameter-free"),
    translatable("schedule-free"),
    translatable("second gradient"),
)
"""The families of the optimizers of `conf/`. Optimizers from outside may have other ones, which are shown as they are."""
HUES = ("#2f6fd0", "#d97a1c", "#14907c", "#b0409a", "#a08400", "#d03a4e", "#3aa6d6", "#8a5a2b")
"""Hues of middle lightness, which have contrast on light and on dark pages, for any kind of colour vision.

They do not tell members of a family apart: these have markers, dashes and lightnesses of their own.
"""
SHADES = 5
"""Largest number of lightnesses of a family. It has no factor in common with the numbers of dashes and markers."""
DARKEST, LIGHTEST = -0.5, 0.25
"""How far a hue is mixed with black and with white. All shades have contrast on both."""


def family_of(optimizer: str) -> str:
    """Return the `family` in the YAML of an optimizer that has no `style` of its own; empty if it has none or is not here."""
    try:
        yaml = conf_files.load_yaml("optimizer", optimizer)
    except ConfigError:  # a stored run of an optimizer that this installation does not have
        return ""
    return "" if yaml.get("style") else str(yaml.get("family", ""))


def family_words(family: str) -> str:
    """Return the name of a family, for readers."""
    return translate(family) if family in FAMILIES else family


class FamilyLook(NamedTuple):
    """The shade of an optimizer, and its number in its family, which chooses its marker and dashes."""

    color: str
    number: int


def family_looks(optimizers: Iterable[str]) -> dict[str, FamilyLook]:
    """Map each optimizer that has a family to its look in the hue of the family."""
    members: dict[str, list[str]] = {}
    for optimizer in optimizers:
        if family := family_of(optimizer):
            members.setdefault(family, []).append(optimizer)
    hues = _hues(members)
    return {
        optimizer: FamilyLook(_shade(hues[family], place, len(names)), place)
        for family, names in members.items()
        for place, optimizer in enumerate(names)
    }


def _hues(families: Iterable[str]) -> Mapping[str, str]:
    """Map each family to a hue that follows from its name, or to the next free one. More families than hues share them."""
    hues: dict[str, str] = {}
    for family in sorted(families):
        first = int.from_bytes(hashlib.sha256(family.encode()).digest()[:4]) % len(HUES)
        turned = HUES[first:] + HUES[:first]
        hues[family] = min(turned, key=list(hues.values()).count)
    return hues


def _shade(color: str, place: int, count: int) -> str:
    """Return the shade of a member of a family, given its place among `count` members."""
    shares = np.linspace(DARKEST, LIGHTEST, min(count, SHADES)) if count > 1 else [0.0]
    share, own = float(shares[place % SHADES]), np.array(mpl.colors.to_rgb(color))
    return str(mpl.colors.to_hex(tuple(own * (1 + share) if share < 0 else own + share * (1 - own))))
