"""Names → objects. `conf/` is the registry: `conf/GROUP/NAME.yaml` names the class that implements NAME.

Only names are ever resolved here; what else a stored file says is data for a validated constructor.
"""

import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin, get_type_hints

import yaml

from zdl_bench.errors import ConfigError, choices, closest, hint, shown
from zdl_bench.plain import require_plain
from zdl_bench.run import Choice, RunConfig, Value

if TYPE_CHECKING:
    from zdl_bench.datasets.contract import DataSet
    from zdl_bench.executors.contract import Executor
    from zdl_bench.optimizers.contract import Optimizer
    from zdl_bench.problems.contract import ProblemSpec
    from zdl_bench.schedules import Schedule

PACKAGE = Path(__file__).resolve().parent


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
    """The content of `conf/GROUP/NAME.yaml`. Raises ConfigError that lists the names where there is none."""
    if name not in names(group):
        raise ConfigError(unknown(group, name, names(group)))
    return cast(Mapping[str, Any], yaml.safe_load((CONF / group / f"{name}.yaml").read_text(encoding="utf-8")))


def experiment_names() -> list[str]:
    """The names of `experiments/`, sorted."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))


def unknown(group: str, name: str, known: Sequence[str]) -> str:
    """What to say of a name that is none, with those that are."""
    question = hint(closest(name, known))
    return f"{group}={shown(name)}: there is no such {group}; {question}Choose one of {choices(name, known)}"


@cache
def hash_of_sources(*patterns: str) -> str:
    """SHA-256 of the package's files of these patterns."""
    total = hashlib.sha256()
    for path in (path for pattern in patterns for path in sorted(PACKAGE.rglob(pattern))):
        total.update(path.read_bytes())
    return total.hexdigest()


def load_experiment(name: str) -> Mapping[str, Any]:
    """The content of `experiments/NAME.yaml`, a file that is there. Raises ConfigError where it cannot be read."""
    path = EXPERIMENTS / f"{name}.yaml"
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigError(
                f"experiment={name}: its YAML has more than {LARGEST_FILE:,} bytes; an experiment has a few thousand"
            )
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        require_plain(content)
    except (OSError, yaml.YAMLError, RecursionError, *BAD_TAGS) as error:
        raise ConfigError(f"experiment={name}: its YAML cannot be read: {shown(' '.join(str(error).split()))}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"experiment={name}: its YAML holds no keys")
    return content


LARGEST_FILE = 1_000_000
BAD_TAGS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What PyYAML raises besides its own errors, for texts that are no UTF-8 and values that do not fit a tag, as `!!bool x`."""


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
    return cast("DataSet", _implementation("dataset", name)(**arguments, name=name))


def targets(config: RunConfig) -> tuple[float, ...]:
    """The losses whose first reach is measured: those of the data set's YAML, else of the problem's."""
    group, choice = ("dataset", config.dataset) if config.dataset else ("problem", config.problem)
    return tuple(float(target) for target in load_yaml(group, choice.name)["targets"])


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

    Raises ConfigError for a key that the part does not have, one that is missing, or a value of another type.
    """
    typed = _typed_part(group, name, values)
    missing = [key for key in _declared_types(_implementation(group, name)) if key not in typed]
    if missing:
        raise ConfigError(f"{group}.{missing[0]}: the value is missing; give one")
    return typed


def _typed_part(group: str, name: str, values: Mapping[str, Any]) -> dict[str, Value]:
    declared = _declared_types(_implementation(group, name))
    typed = {}
    for key, value in values.items():
        if key not in declared:
            has = f"it has {', '.join(declared)}" if declared else "it has none"
            raise ConfigError(f"{group}.{key}={shown(value)}: {name} has no such key; {has}")
        typed[key] = _typed(f"{group}.{key}", value, declared[key])
    return typed


def _build_part(group: str, choice: Choice) -> object:
    """A key that came later than a stored run has the default of its class, which changes nothing."""
    return _implementation(group, choice.name)(**_typed_part(group, choice.name, choice.values))


@cache
def _implementation(group: str, name: str) -> Callable[..., object]:
    module, _, attribute = load_yaml(group, name)["_target_"].rpartition(".")
    return cast(Callable[..., object], getattr(importlib.import_module(module), attribute))


@cache
def _declared_types(implementation: Any) -> dict[str, Any]:
    assert is_dataclass(implementation), f"{implementation} is chosen by a YAML but is no dataclass"
    hints = get_type_hints(implementation)
    return {f.name: hints[f.name] for f in fields(implementation) if f.default is not MISSING or f.init}


def _as_float(key: str, value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigError(f"{key}={shown(value)}: it is too large for a number") from error


def _typed(key: str, value: Any, expected: Any) -> Value:
    """The value as the declared type: an integer serves as a float, a list as a tuple; nothing else is converted."""
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(key, value)
    if get_origin(expected) is tuple and isinstance(value, list | tuple):
        return tuple(_typed(key, item, get_args(expected)[0]) for item in value)
    if isinstance(expected, type) and type(value) is expected:
        return cast(Value, value)
    if expected == str | None and isinstance(value, str | None):
        return value
    names = {float: "a number", int: "an integer", str: "a word", str | None: "a word", bool: "true or false"}
    lists = {tuple[int, ...]: "a list of integers", tuple[float, ...]: "a list of numbers"}
    raise ConfigError(f"{key}={shown(value)}: it has to be {(names | lists)[expected]}")
