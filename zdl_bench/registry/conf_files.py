"""The YAML files of `conf/` and `experiments/`. Each file is a choice that a user can name."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from zdl_bench.errors import ConfigError, abridge, closest, display, hint
from zdl_bench.registry.declarations import read_declaration, yaml_content
from zdl_bench.registry.sources import PACKAGE


def _folder(name: str) -> Path:
    """Return the folder of this name inside the installed package, or beside the package in a source checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


CONF = _folder("conf")
EXPERIMENTS = _folder("experiments")


def groups() -> set[str]:
    return {path.name for path in CONF.iterdir() if path.is_dir()}


def names(group: str) -> list[str]:
    """Return the names of the YAMLs in a group of `conf/`, sorted."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@cache
def load_yaml(group: str, name: str) -> Mapping[str, Any]:
    """Return the content of `conf/GROUP/NAME.yaml`. Raise ConfigError if the file does not exist or has an error."""
    if name not in names(group):
        raise ConfigError(describe_unknown(group, name, names(group)))
    return read_declaration(CONF / group / f"{name}.yaml")


def require_sound(chosen: Mapping[str, str]) -> None:
    """Raise ConfigError if one of the chosen YAMLs (group → name) has an error."""
    for group in groups() & chosen.keys():
        if chosen[group] in names(group):  # Hydra reports an unknown name
            load_yaml(group, chosen[group])


def require_readable() -> None:
    """Raise ConfigError for the first YAML of `conf/` that has an error."""
    for group in sorted(groups()):
        for name in names(group):
            load_yaml(group, name)


def experiment_names() -> list[str]:
    """Return the names of the YAMLs in `experiments/`, sorted."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))


def describe_unknown(group: str, name: str, known: Sequence[str]) -> str:
    """Return the error message for an unknown name, with the known names."""
    remedy = hint(closest(name, known), f"choose one of {abridge(name, known)}")
    return f"{group}={display(name)}: there is no such {group}; {remedy}"


def load_experiment(name: str) -> Mapping[str, Any]:
    """Return the content of `experiments/NAME.yaml`. Raise ConfigError if the file cannot be read or holds no keys."""
    try:
        content = yaml_content(EXPERIMENTS / f"{name}.yaml")
    except ValueError as error:
        raise ConfigError(f"experiment={name}: its YAML cannot be read ({display(error)}); correct that file") from error
    if not isinstance(content, dict):
        raise ConfigError(f"experiment={name}: its YAML holds no keys; write `key: value` lines")
    return content
