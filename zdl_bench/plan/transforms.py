"""Checks of the transforms that a user names, of which a run has a list."""

from collections.abc import Sequence
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.plan.grammar import unquoted
from zdl_bench.registry import conf_files


def require_names(given: Sequence[Any]) -> None:
    """Raise ConfigError unless the items of a list are names of transforms, each given once."""
    known = conf_files.names("transform")
    texts = [str(unquoted(one)) for one in given]
    for name in texts:
        if name not in known:
            raise ConfigError(conf_files.describe_unknown("transform", name, known))
        if texts.count(name) > 1:
            raise ConfigError(f"transform=[{','.join(texts)}]: {name} is given twice; give each transform once")


def require_transform(name: str, settings: Any) -> None:
    """Raise ConfigError unless `transform.NAME` holds the settings of a chosen transform."""
    if name not in conf_files.names("transform"):
        first_line = "# @package transform.NAME"
        remedy = f"if this is a key of a transform's YAML, write {first_line} into the first line of the YAML"
        raise ConfigError(f"{conf_files.describe_unknown('transform', name, conf_files.names('transform'))}; {remedy}")
    if not isinstance(settings, dict) or settings.get("name") != name:
        raise ConfigError(f"transform.{name}={display(settings)}: {name} is not chosen; choose it with transform=[{name}]")
