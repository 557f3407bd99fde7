"""Builds objects from names: the YAML GROUP/NAME.yaml, of `conf/` or from outside, names the class that implements NAME.

Only classes that these YAMLs name are ever imported. A stored file gives names of YAMLs, and values that these classes check.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from zdl_bench.errors import ConfigError, ZdlBenchError, display
from zdl_bench.registry.conf_files import CachedByPlace, key_prefix, load_yaml, names, short_path, yaml_place
from zdl_bench.registry.given_parts import given_parts
from zdl_bench.registry.libraries import WRAPS, library_code, library_versions, wrapped
from zdl_bench.registry.part_class import import_class
from zdl_bench.registry.part_types import declared_fields, default_values, parse_value, typed_fields, without_omitted
from zdl_bench.registry.sources import beyond_engine, code_of, is_untouched, text_hash
from zdl_bench.run.config import Choice, RunConfig, Value

if TYPE_CHECKING:
    from zdl_bench.datasets.dataset import DataSet
    from zdl_bench.executors.executor import Executor
    from zdl_bench.optimizers.optimizer import Optimizer
    from zdl_bench.problems.problem import ProblemSpec
    from zdl_bench.schedules.schedule import Schedule

GROUPS_OF_A_RUN = ("optimizer", "problem", "schedule", "dataset", "transform")
KEYS_ABOUT_A_PART = frozenset({"_target_", WRAPS, "name", "display_name", "family", "default_lr", "targets", "style"})
"""Keys of a part's YAML that are not arguments of its class."""
GIVEN_OF_A_DATA_SET = ("dir", "path", "label", "validation_size", "test_share", "split_seed", "standardize", "mirrors")
"""Keys of a data set that a user may set. All other keys define the data set."""


def optimizer(choice: Choice) -> "Optimizer":
    return cast("Optimizer", build_part("optimizer", choice))


def whole_optimizer(config: RunConfig) -> "Optimizer":
    """Return the optimizer of a run inside its transforms, of which the first is the outermost."""
    made = optimizer(config.optimizer)
    for choice in reversed(config.transform):
        made = cast("Optimizer", build_part("transform", choice, inner=made))
    return made


def problem(choice: Choice) -> "ProblemSpec":
    return cast("ProblemSpec", build_part("problem", choice))


def schedule(choice: Choice) -> "Schedule":
    return cast("Schedule", build_part("schedule", choice))


def executor(choice: Choice) -> "Executor":
    return cast("Executor", build_part("executor", choice))


def dataset(name: str, settings: Mapping[str, Any] | None = None) -> "DataSet":
    """Return the data set that a YAML describes, with `settings` overriding the YAML's values."""
    values = {**load_yaml("dataset", name), **(settings or {})}
    arguments = {key: value for key, value in values.items() if key not in KEYS_ABOUT_A_PART | {"validation_size"}}
    try:
        made = cast("DataSet", _implementation("dataset", name)(**arguments, name=name))
    except (TypeError, LookupError, ValueError, AttributeError) as error:
        reason = f"this file does not define a data set ({display(f'{type(error).__name__}: {error}')}); check its keys"
        raise ConfigError(f"{short_path('dataset', name)}: {reason}") from error
    made.source = source("dataset", name)
    return made


def dataset_of(choice: Choice) -> "DataSet":
    """Return the data set of a run. Raise DataError if the data of this name are others here."""
    return dataset(choice.name).of_run(choice.values)


def choice(group: str, name: str, values: Mapping[str, Any]) -> Choice:
    """Return the Choice of a part: its name, its values in their declared types, and the identifier of its code.

    Values that a config leaves out at their default are left out. Raise ConfigError if a value is wrong.
    """
    typed = typed_values(group, name, values)
    return Choice(name, without_omitted(_implementation(group, name), typed), source(group, name))


@CachedByPlace
def source(group: str, name: str) -> str | None:
    """Return the identifier of a part's code, or None if ENGINE_VERSION covers the code or the code cannot affect results."""
    given = given_parts().find(group, name)
    if given or group not in GROUPS_OF_A_RUN:
        return given.code.source if given else None
    code = _declaration_hash(group, name) if is_untouched(_implementation(group, name).__module__) else code_hashes(group, name)
    return beyond_engine(code | library_code(_implementation(group, name)))


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


def libraries_of(config: RunConfig) -> dict[str, str]:
    """Return `libraries` → the versions to which the bits of a run are bound; nothing for a run of this package alone."""
    return library_versions(_implementation("optimizer", config.optimizer.name))


def require_same_code(config: RunConfig) -> None:
    """Raise ConfigError if the code of a part differs from the code that the run was planned with."""
    for group, chosen in config.parts:
        if source(group, chosen.name) != chosen.source:
            changed = "its code differs from the code that the run was planned with; run the command of its sweep again"
            raise ConfigError(f"{group}={display(chosen.name)}: {changed}")


def given_keys(group: str, name: str) -> list[str]:
    """Return the keys of a part that a user may set, in the order of its YAML."""
    own = [key for key in load_yaml(group, name) if key not in KEYS_ABOUT_A_PART]
    return [key for key in own if group != "dataset" or key in GIVEN_OF_A_DATA_SET]


@CachedByPlace
def types_of(group: str, key: str) -> list[Any]:
    """Return the types that the classes of a group, except for other libraries, declare for a key: one per readable YAML."""
    found = []
    for name in names(group):
        with suppress(ConfigError, NameError, LookupError, AttributeError, TypeError):
            if key in load_yaml(group, name) and WRAPS not in load_yaml(group, name):
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
        remedy = f"give its value, since {implementation.__name__} has no default"
        raise ConfigError(f"{short_path(group, name)}: {missing[0]} is missing; {remedy}")
    return _typed(group, name, values)


def _typed(group: str, name: str, values: Mapping[str, Any]) -> dict[str, Value]:
    own, file, prefix = load_yaml(group, name), short_path(group, name), key_prefix(group, name)
    places = {key: f"{file}: {key}" if key in own and own[key] == value else f"{prefix}.{key}" for key, value in values.items()}
    return typed_fields(name, values, _declared_types(group, name), places)


def build_part(group: str, choice: Choice, **given: object) -> object:
    """Return the part of a choice. A key that an older run lacks takes its default value, which changes no result.

    given: what the registry hands in. Raise ConfigError if a value is wrong, or if the class is not complete.
    """
    implementation, values = _implementation(group, choice.name), _typed(group, choice.name, choice.values)
    try:
        return cast(object, implementation(**values, **given))
    except ZdlBenchError:
        raise
    except Exception as error:  # a class of the user may raise any exception
        reason = display(f"{type(error).__name__}: {error}")
        raise ConfigError(f"{short_path(group, choice.name)}: _target_ cannot be used ({reason}); correct the class") from error


@CachedByPlace
def _implementation(group: str, name: str) -> Any:
    """Return the class that the part's YAML names. Raise ConfigError if the class cannot be imported."""
    if given := given_parts().find(group, name):
        return given.implementation
    yaml, place = load_yaml(group, name), yaml_place(group, name)[1]
    where = f"{short_path(group, name)}: _target_={display(yaml['_target_'])}"
    try:
        return wrapped(import_class(yaml["_target_"], place), yaml, KEYS_ABOUT_A_PART, place)
    except (Exception, SystemExit) as error:  # a module of the user may raise any exception, or end the program
        reason = f"this class cannot be imported ({display(f'{type(error).__name__}: {error}')}); fix it"
        raise ConfigError(f"{where}: {error if isinstance(error, ConfigError) else reason}") from error


@CachedByPlace
def _declared_types(group: str, name: str) -> dict[str, Any]:
    try:
        return declared_fields(_implementation(group, name))
    except TypeError as error:
        raise ConfigError(f"{short_path(group, name)}: _target_={load_yaml(group, name)['_target_']}: {error}") from error
