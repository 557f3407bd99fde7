"""Overrides of many jobs → composed configs, as plain values.

Hydra composes each combination of groups once (tens of milliseconds); a value is checked against the schema once, and
copied from then on.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from zdl_bench.errors import ConfigError
from zdl_bench.plan.chosen import require_names
from zdl_bench.registry import conf_files
from zdl_bench.run.untrusted import require_no_reference

Plain = dict[str, Any]


@dataclass
class Base:
    """One combination of groups: as Hydra composed it, and as plain values."""

    config: DictConfig
    plain: Plain
    checked: dict[str, Any] = field(default_factory=dict)


class Composer:
    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader = loader
        self._master = master
        self._groups = frozenset(loader.list_groups(""))
        self._bases: dict[tuple[str, ...], Base] = {}
        self._parse = cache(_parsed)

    def compose(self, overrides: Sequence[str]) -> Plain:
        """The config of one job as nested plain values, without Hydra's own part. Jobs share what they have in common:
        nothing of it is to be changed.

        Raises what Hydra raises for an override that does not fit the schema.
        """
        parsed = [self._parse(text) for text in overrides]
        if not _are_independent(parsed):  # what one sets, another may change: left to Hydra as a whole
            return self._base(tuple(overrides)).plain
        values = [override for override in parsed if self._is_plain_value(override)]
        base = self._base(tuple(o.input_line or "" for o in parsed if not self._is_plain_value(o)))
        plain = base.plain
        for override in values:
            plain = changed(plain, override.key_or_group.split("."), self._checked(base, override))
        return plain

    def _is_plain_value(self, override: Override) -> bool:
        key = override.key_or_group
        is_group = override.package is not None or "/" in key or key in self._groups
        is_change = not (override.is_add() or override.is_force_add() or override.is_delete())
        return is_change and not is_group

    def _base(self, overrides: tuple[str, ...]) -> Base:
        if overrides not in self._bases:
            config = self._loader.load_sweep_config(self._master, list(overrides))
            conf_files.require_sound(config.hydra.runtime.choices)
            self._bases[overrides] = Base(config, plain_values(config))
        return self._bases[overrides]

    def _checked(self, base: Base, override: Override) -> Any:
        text = override.input_line or ""
        if text not in base.checked:
            require_no_reference(text)
            apply = type(self._loader)._apply_overrides_to_config  # type: ignore[attr-defined]
            deep = override.key_or_group.count(".") > 1  # what contains it may be set by another job
            config = copy.deepcopy(base.config) if deep else base.config
            apply([override], config)
            value = OmegaConf.select(config, override.key_or_group)
            base.checked[text] = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        return base.checked[text]


def _parsed(text: str) -> Override:
    override = OverridesParser.create().parse_override(text)
    require_names(override)
    return override


def _are_independent(overrides: Sequence[Override]) -> bool:
    """Whether the values can be set in any order: no dictionaries, no items of lists, no key twice or within another."""
    keys = [override.key_or_group for override in overrides]
    values = [override.value() for override in overrides]
    nested = any(one != other and one.startswith(f"{other}.") for one in keys for other in keys if "." in other)
    has_items = any(part.isdigit() for key in keys for part in key.split("."))
    return len({*keys}) == len(keys) and not nested and not has_items and not any(isinstance(value, dict) for value in values)


def plain_values(config: DictConfig) -> Plain:
    """A composed config without Hydra's own part and the experiment. Raises ConfigError where it holds an interpolation."""
    keys = [str(key) for key in config if key not in ("hydra", "experiment")]
    missing = sorted(OmegaConf.missing_keys(OmegaConf.masked_copy(config, keys)))
    if missing:
        raise ConfigError(f"{missing[0]}: the value is missing; give one")
    plain: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=False)
    require_no_reference(plain)
    return cast(Plain, plain)


def changed(plain: Plain, path: Sequence[str], value: Any) -> Plain:
    """The config with another value at a path; all else is shared with the given one."""
    key, *below = path
    return plain | {key: changed(plain[key], below, value) if below else value}
