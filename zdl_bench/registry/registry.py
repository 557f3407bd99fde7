"""Builds objects from names: `conf/GROUP/NAME.yaml` names the class that implements NAME.

Only classes that `conf/` names are ever imported. A stored file gives names of YAMLs, and values that these classes check.
"""

import importlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from zdl_bench.errors import ConfigError, display
from zdl_bench.registry.conf_files import load_yaml, names
from zdl_bench.registry.part_types import declared_fields, default_values, parse_value, typed_value
from zdl_bench.registry.sources import beyond_engine, code_of, is_untouched, text_hash
from zdl_bench.run.config import Choice, RunConfig, Value

if TYPE_CHECKING:
    from zdl_bench.datasets.dataset import DataSet
    from zdl_bench.executors.executor import Executor
    from zdl_bench.optimizers.optimizer import Optimizer
    from zdl_bench.problems.problem import ProblemSpec
    from zdl_bench.schedules.schedule import Schedule

GROUPS_OF_A_RUN = ("optimizer", "problem", "schedule", "dataset")
KEYS_ABOUT_A_PART = frozenset({"_target_", "name", "default_lr", "targets", "style"})
"""Keys of a part's YAML that are not arguments of its class."""
GIVEN_OF_A_DATA_SET = ("dir", "validation_size", "mirrors")
"""Keys of a data set that a user may set. All other keys define the data set."""


def optimizer(choice: Choice) -> "Optimizer":
    return cast("Optimizer", _build_part("optimizer", choice))


def problem(choice: Choice) -> "ProblemSpec":
    return cast("ProblemSpec", _build_part("problem", choice))


def schedule(choice: Choice) -> "Schedule":
    return cast("Schedule", _build_part("schedule", choice))


def executor(choice: Choice) -> "Executor":
    return cast("Executor", _build_part("executor", choice))


def dataset(name: str, settings: Mapping[str, Any] | None = None) -> "DataSet":
    """Return the data set that a YAML describes, with `settings` overriding the YAML's values."""
    values = {**load_yaml("dataset", name), **(settings or {})}
    arguments = {key: value for key, value in values.items() if key not in KEYS_ABOUT_A_PART | {"validation_size"}}
    try:
        made = cast("DataSet", _implementation("dataset", name)(**arguments, name=name))
    except (TypeError, LookupError, ValueError, AttributeError) as error:
        reason = display(f"{type(error).__name__}: {error}")
        raise ConfigError(
            f"{_file('dataset', name)}: this file does not define a data set ({reason}); check its keys"
        ) from error
    made.source = source("dataset", name)
    return made


def choice(group: str, name: str, values: Mapping[str, Any]) -> Choice:
    """Return the Choice of a part: its name, all its values in their declared types, and the identifier of its code.

    Raise ConfigError if a value is wrong.
    """
    return Choice(name, typed_values(group, name, values), source(group, name))


@cache
def source(group: str, name: str) -> str | None:
    """Return the identifier of a part's code, or None if ENGINE_VERSION covers the code or the code cannot affect results."""
    if group not in GROUPS_OF_A_RUN:
        return None
    is_covered = is_untouched(_implementation(group, name).__module__)
    return beyond_engine(_declaration_hash(group, name) if is_covered else code_hashes(group, name))


def code_hashes(group: str, name: str) -> dict[str, str]:
    """Return module → hash for the code of a part, together with part → hash of what the part's YAML fixes."""
    return _declaration_hash(group, name) | code_of(_implementation(group, name).__module__)


def _declaration_hash(group: str, name: str) -> dict[str, str]:
    """Return part → hash of what its YAML fixes: the class and, for a data set, the keys that define it."""
    fixed = {"class": _implementation(group, name).__qualname__}
    if group == "dataset":
        free = KEYS_ABOUT_A_PART.union(GIVEN_OF_A_DATA_SET)
        fixed |= {key: value for key, value in load_yaml(group, name).items() if key not in free}
    return {f"{group}/{name}": text_hash(json.dumps(fixed, sort_keys=True))}


def require_same_code(config: RunConfig) -> None:
    """Raise ConfigError if the code of a part differs from the code that the run was planned with."""
    for group in GROUPS_OF_A_RUN:
        chosen: Choice | None = getattr(config, group)
        if chosen and source(group, chosen.name) != chosen.source:
            raise ConfigError(
                f"{group}={display(chosen.name)}: its code differs from the code that the run was planned with; "
                "run the command of its sweep again"
            )


def targets(config: RunConfig) -> tuple[float, ...]:
    """Return the target losses that the YAML of the data set lists, or the YAML of the problem if no data set is used.

    Runs are measured by how soon their loss reaches each target.
    """
    group, choice = ("dataset", config.dataset) if config.dataset else ("problem", config.problem)
    return tuple(float(target) for target in load_yaml(group, choice.name).get("targets", []))


def given_keys(group: str, name: str) -> list[str]:
    """Return the keys of a part that a user may set, in the order of its YAML."""
    own = [key for key in load_yaml(group, name) if key not in KEYS_ABOUT_A_PART]
    return [key for key in own if group != "dataset" or key in GIVEN_OF_A_DATA_SET]


@cache
def types_of(group: str, key: str) -> list[Any]:
    """Return the types that the classes of a group declare for a key: one type per readable YAML with this key."""
    found = []
    for name in names(group):
        with suppress(ConfigError, NameError, LookupError, AttributeError, TypeError):
            if key in load_yaml(group, name):
                found.append(get_type_hints(_implementation(group, name).__init__)[key])
    return found


def typed_values(group: str, name: str, values: Mapping[str, Any]) -> dict[str, Value]:
    """Return the hyper-parameters of a part, complete and in the types that its dataclass declares.

    A key that the YAML omits takes the default of the class. Raise ConfigError if a key is unknown or missing, or if a
    value has the wrong type.
    """
    declared, implementation = _declared_types(group, name), _implementation(group, name)
    values = default_values(implementation) | {key: parse_value(value, declared.get(key)) for key, value in values.items()}
    missing = [key for key in declared if key not in values]
    if missing:
        raise ConfigError(
            f"{_file(group, name)}: {missing[0]} is missing; give its value, since {implementation.__name__} has no default"
        )
    return _typed(group, name, values)


def _typed(group: str, name: str, values: Mapping[str, Any]) -> dict[str, Value]:
    declared = _declared_types(group, name)
    own = load_yaml(group, name)
    typed = {}
    for key, value in values.items():
        where = f"{_file(group, name)}: {key}" if key in own and own[key] == value else f"{group}.{key}"
        if key not in declared:
            has = f"its keys are {', '.join(declared)}" if declared else "leave it out"
            raise ConfigError(f"{where}={display(value)}: {name} has no such key; {has}")
        typed[key] = typed_value(where, value, declared[key])
    return typed


def _build_part(group: str, choice: Choice) -> object:
    """Return the part of a choice. A key that an older run lacks takes its default value, which changes no result."""
    return _implementation(group, choice.name)(**_typed(group, choice.name, choice.values))


@cache
def _implementation(group: str, name: str) -> Any:
    """Return the class that the part's YAML names. Raise ConfigError if the class cannot be imported."""
    target = load_yaml(group, name)["_target_"]
    module, _, attribute = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a module of the user may raise any exception
        reason = display(f"{type(error).__name__}: {error}")
        raise ConfigError(
            f"{_file(group, name)}: _target_={display(target)}: this class cannot be imported ({reason}); fix it"
        ) from error


@cache
def _declared_types(group: str, name: str) -> dict[str, Any]:
    try:
        return declared_fields(_implementation(group, name))
    except TypeError as error:
        raise ConfigError(f"{_file(group, name)}: _target_={load_yaml(group, name)['_target_']}: {error}") from error


def _file(group: str, name: str) -> str:
    return f"conf/{group}/{name}.yaml"
