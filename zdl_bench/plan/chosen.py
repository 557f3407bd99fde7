"""What a user chooses from the groups of conf/: `+GROUP=NAME` and `GROUP=NAME.yaml` are accepted, what is no name is not."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, QuotedString
from hydra.errors import HydraException

from zdl_bench.errors import ConfigError
from zdl_bench.plan.keys import general_keys, part_keys, unknown_key
from zdl_bench.registry import conf_files

ADDED = re.compile(r"\++([\w.]+)=")
SUFFIX = re.compile(r"(?<=[\w-])\.ya?ml(?=$|[,\]')\"])")


def as_meant(arguments: Sequence[str]) -> list[str]:
    """The arguments without a `+` before a key that is there anyway, and without `.yaml` behind a name.

    Raises ConfigError for a choice that is no name.
    """
    return [_named(_without_plus(argument)) for argument in arguments]


def require_names(override: Override) -> None:
    """Raises ConfigError if an override of a group chooses something else than names; a dictionary changes keys of a part."""
    group = override.key_or_group
    known = _names(group)
    if known is None or override.is_delete():
        return
    value = override.value()
    if not isinstance(value, ChoiceSweep):
        _require_name(group, value, (override.input_line or "").partition("=")[2], known)
        return
    for one in value.list:
        _require_name(group, one, json.dumps(one, default=str), known)


def _require_name(group: str, value: Any, text: str, known: list[str]) -> None:
    """Of a part Hydra takes two more forms: keys of the one that is chosen, and a list, of which it merges all."""
    is_name = isinstance(value, str | QuotedString | Glob)
    is_of_a_part = isinstance(value, dict) or (isinstance(value, list) and len(value) == 1)
    if not is_name and not (is_of_a_part and group != "experiment"):
        raise ConfigError(conf_files.describe_unknown(group, text, known))


def _without_plus(argument: str) -> str:
    added = ADDED.match(argument)
    if not added or added[1].startswith("hydra"):
        return argument
    if added[1] in (*general_keys(), *part_keys()):
        return argument.lstrip("+")
    if "." not in added[1]:
        raise ConfigError(unknown_key(added[1]))
    return argument  # Hydra adds it, and the part that is chosen refuses it by name


def _named(argument: str) -> str:
    group, _, value = argument.partition("=")
    if "=" not in argument or _names(group) is None:
        return argument
    named = f"{group}={SUFFIX.sub('', value)}"
    with suppress(HydraException, RecursionError, ValueError):  # what cannot be read is explained where all is read
        require_names(OverridesParser.create().parse_override(named))
    return named


def _names(group: str) -> list[str] | None:
    """The names of a group, None if it is none."""
    if group == "experiment":
        return conf_files.experiment_names()
    return conf_files.names(group) if group in conf_files.groups() else None
