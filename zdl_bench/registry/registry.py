"""Names → objects. `conf/` is the registry: `conf/GROUP/NAME.yaml` names the class that implements NAME.

Only names are ever resolved here; what else a stored file says is data for a validated constructor.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from zdl_bench.errors import ConfigError, abridge, closest, display, hint
from zdl_bench.registry.declarations import name_of, read_declaration, yaml_content
from zdl_bench.registry.part_types import WORDS_OF_TYPES, meant, typed_value
from zdl_bench.registry.sources import PACKAGE, beyond_engine, code_of, hash_of, is_untouched
from zdl_bench.run.config import Choice, RunConfig, Value

if TYPE_CHECKING:
    from zdl_bench.datasets.dataset import DataSet
    from zdl_bench.executors.executor import Executor
    from zdl_bench.optimizers.optimizer import Optimizer
    from zdl_bench.problems.problem import ProblemSpec
    from zdl_bench.schedules.schedule import Schedule


def _folder(name: str) -> Path:
    """The wheel's copy if there is one, else the folder beside the package."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


CONF = _folder("conf")
EXPERIMENTS = _folder("experiments")


def groups() -> set[str]:
    """The groups of `conf/`."""
    return {path.name for path in CONF.iterdir() if path.is_dir()}


def names(group: str) -> list[str]:
    """The names of a group of `conf/`, sorted."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@cache
def load_yaml(group: str, name: str) -> Mapping[str, Any]:
    """The content of `conf/GROUP/NAME.yaml`. Raises ConfigError if there is none, or something in it is wrong."""
    if name not in names(group):
        raise ConfigError(unknown(group, name, names(group)))
    return read_declaration(CONF / group / f"{name}.yaml")


def require_sound(chosen: Mapping[str, str]) -> None:
    """Raises ConfigError if the YAML of one of these chosen, group → name of its file, has a slip."""
    for group in groups() & chosen.keys():
        if chosen[group] in names(group):  # other names are for Hydra to complain about
            load_yaml(group, chosen[group])


def require_readable() -> None:
    """Raises ConfigError for the first YAML of `conf/` that cannot be read."""
    for group in sorted(groups()):
        for name in names(group):
            load_yaml(group, name)


def experiment_names() -> list[str]:
    """The names of `experiments/`, sorted."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))


def unknown(group: str, name: str, known: Sequence[str]) -> str:
    """What to say of a name that is none, with those that are."""
    remedy = hint(closest(name, known), f"choose one of {abridge(name, known)}")
    return f"{group}={display(name)}: there is no such {group}; {remedy}"


@cache
def hash_of_sources(*patterns: str) -> str:
    """SHA-256 of the package's files of these patterns."""
    total = hashlib.sha256()
    for path in (path for pattern in patterns for path in sorted(PACKAGE.rglob(pattern))):
        total.update(path.read_bytes())
    return total.hexdigest()


def load_experiment(name: str) -> Mapping[str, Any]:
    """The content of `experiments/NAME.yaml`, a file that is there. Raises ConfigError if it cannot be read."""
    try:
        content = yaml_content(EXPERIMENTS / f"{name}.yaml")
    except ValueError as error:
        raise ConfigError(f"experiment={name}: its YAML cannot be read: {display(error)}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"experiment={name}: its YAML holds no keys")
    return content


def optimizer(choice: Choice) -> "Optimizer":
    return cast("Optimizer", _build_part("optimizer", choice))


def problem(choice: Choice) -> "ProblemSpec":
    return cast("ProblemSpec", _build_part("problem", choice))


def schedule(choice: Choice) -> "Schedule":
    return cast("Schedule", _build_part("schedule", choice))


def executor(choice: Choice) -> "Executor":
    return cast("Executor", _build_part("executor", choice))


def dataset(name: str, settings: Mapping[str, Any] | None = None) -> "DataSet":
    """A data set by its YAML, with the given settings instead of the YAML's."""
    values = {**load_yaml("dataset", name), **(settings or {})}
    arguments = {key: value for key, value in values.items() if key not in KEYS_ABOUT_A_PART | {"validation_size"}}
    try:
        made = cast("DataSet", _implementation("dataset", name)(**arguments, name=name))
    except (TypeError, LookupError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{_file('dataset', name)}: its class cannot be made of it ({display(reason)}); see its keys"
        ) from error
    made.source = source("dataset", name)
    return made


def choice(group: str, name: str, values: Mapping[str, Any]) -> Choice:
    """A choice of a part, its values complete and typed, with what identifies its code. Raises ConfigError."""
    return Choice(name, typed_values(group, name, values), source(group, name))


@cache
def source(group: str, name: str) -> str | None:
    """What identifies the code of a part; None if ENGINE_VERSION covers it, or it changes no number."""
    if group not in GROUPS_OF_A_RUN:
        return None
    module = _implementation(group, name).__module__
    return beyond_engine(declaration_hash(group, name) | ({} if is_untouched(module) else code_of(module)))


def declaration_hash(group: str, name: str) -> dict[str, str]:
    """Part → a hash of what its YAML fixes: the class, and what a data set is."""
    fixed = {"class": _implementation(group, name).__qualname__}
    if group == "dataset":
        free = KEYS_ABOUT_A_PART.union(GIVEN_OF_A_DATA_SET)
        fixed |= {key: value for key, value in load_yaml(group, name).items() if key not in free}
    return {f"{group}/{name}": hash_of(json.dumps(fixed, sort_keys=True))}


def code(group: str, name: str) -> dict[str, str]:
    """All hashes that identify the code of a part."""
    return declaration_hash(group, name) | code_of(_implementation(group, name).__module__)


def require_same_code(config: RunConfig) -> None:
    """Raises ConfigError if a part of the run has other code here than it had when the run was planned."""
    for group in GROUPS_OF_A_RUN:
        chosen: Choice | None = getattr(config, group)
        if chosen and source(group, chosen.name) != chosen.source:
            raise ConfigError(
                f"{group}={display(chosen.name)}: its code here is not the code that the run was planned with; "
                "run the command of its sweep again"
            )


def targets(config: RunConfig) -> tuple[float, ...]:
    """The losses whose first reach is measured: those of the data set's YAML, else of the problem's; none if it has none."""
    group, choice = ("dataset", config.dataset) if config.dataset else ("problem", config.problem)
    return tuple(float(target) for target in load_yaml(group, choice.name).get("targets", []))


GROUPS_OF_A_RUN = ("optimizer", "problem", "schedule", "dataset")
KEYS_ABOUT_A_PART = frozenset({"_target_", "name", "default_lr", "targets", "style"})
"""Keys of a part's YAML that are no argument of its class."""
GIVEN_OF_A_DATA_SET = ("dir", "validation_size", "mirrors")
"""Keys of a data set that a user may give; all others say what the data set is."""


def given_keys(group: str, name: str) -> list[str]:
    """The keys of a part that a user may give, in the order of its YAML."""
    own = [key for key in load_yaml(group, name) if key not in KEYS_ABOUT_A_PART]
    return [key for key in own if group != "dataset" or key in GIVEN_OF_A_DATA_SET]


def typed_values(group: str, name: str, values: Mapping[str, Any]) -> dict[str, Value]:
    """The hyper-parameters of a part, complete and of the types that its dataclass declares.

    A key that the YAML leaves out has the default of the class. Raises ConfigError for a key that the part does not have, one
    that is missing, or a value of another type.
    """
    declared, implementation = _declared_types(group, name), _implementation(group, name)
    values = _defaults(implementation) | {key: meant(value, declared.get(key)) for key, value in values.items()}
    missing = [key for key in declared if key not in values]
    if missing:
        raise ConfigError(
            f"{_file(group, name)}: {missing[0]} is missing; give its value, {implementation.__name__} has no default"
        )
    return _typed_part(group, name, values)


def _typed_part(group: str, name: str, values: Mapping[str, Any]) -> dict[str, Value]:
    declared = _declared_types(group, name)
    own = load_yaml(group, name)
    typed = {}
    for key, value in values.items():
        where = f"{_file(group, name)}: {key}" if key in own and own[key] == value else f"{group}.{key}"
        if key not in declared:
            has = f"it has {', '.join(declared)}" if declared else "it has none"
            raise ConfigError(f"{where}={display(value)}: {name} has no such key; {has}")
        typed[key] = typed_value(where, value, declared[key])
    return typed


def _build_part(group: str, choice: Choice) -> object:
    """A key that came later than a stored run has the default of its class, which changes nothing."""
    return _implementation(group, choice.name)(**_typed_part(group, choice.name, choice.values))


@cache
def _implementation(group: str, name: str) -> Any:
    """The class that the part's YAML names. Raises ConfigError if it cannot be had."""
    target = load_yaml(group, name)["_target_"]
    module, _, attribute = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever a module of somebody else does when it is imported
        reason = display(f"{type(error).__name__}: {error}")
        raise ConfigError(f"{_file(group, name)}: _target_={display(target)}: it cannot be imported ({reason})") from error


@cache
def _declared_types(group: str, name: str) -> dict[str, Any]:
    """Key → type, of the fields of the class. Raises ConfigError for a class that has none, or of another type than is read."""
    implementation = _implementation(group, name)
    where = f"{_file(group, name)}: _target_={load_yaml(group, name)['_target_']}"
    if not (isinstance(implementation, type) and is_dataclass(implementation)):
        raise ConfigError(f"{where}: it is no dataclass; write @dataclass(frozen=True) above the class")
    try:
        hints = get_type_hints(implementation)
    except Exception as error:
        raise ConfigError(f"{where}: its types cannot be read ({display(error)})") from error
    declared = {field.name: hints[field.name] for field in fields(implementation) if field.init}
    odd = [key for key, kind in declared.items() if kind not in WORDS_OF_TYPES]
    if odd:
        kinds = ", ".join(dict.fromkeys(WORDS_OF_TYPES.values()))
        raise ConfigError(f"{where}: the type of {odd[0]} is none that a YAML can give; take {kinds}")
    return declared


def _defaults(implementation: Any) -> dict[str, Any]:
    given = {field.name: field.default for field in fields(implementation) if field.default is not MISSING}
    return given | {f.name: f.default_factory() for f in fields(implementation) if f.default_factory is not MISSING}


def _file(group: str, name: str) -> str:
    return name_of(CONF / group / f"{name}.yaml")


@cache
def types_of(group: str, key: str) -> list[Any]:
    """The types that classes of a group declare for a key, one for each part whose YAML has it and can be read."""
    found = []
    for name in names(group):
        with suppress(ConfigError, NameError, LookupError, AttributeError, TypeError):
            if key in load_yaml(group, name):
                found.append(get_type_hints(_implementation(group, name).__init__)[key])
    return found
