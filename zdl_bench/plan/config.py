"""The typed schema of `conf/`, and composed configs → RunConfigs and sweep settings."""

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

import numpy as np
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from zdl_bench.datasets.dataset import ensure_decoded
from zdl_bench.errors import ConfigError, DataError, closest, display, hint, require
from zdl_bench.executors.executor import Limits
from zdl_bench.registry import registry
from zdl_bench.registry.part_types import whole
from zdl_bench.run.config import DTYPES, Choice, RunConfig

Part = TypeVar("Part")

MAX_PROBED_STEPS = 200_000
"""Of a run that is probed at every step: it keeps half a kilobyte of each."""
FORMATS = ("png", "svg", "pdf")
SWEEP_KEYS = (
    "executor", "n_jobs", "timeout", "max_failures", "results_dir", "name", "force", "report", "formats", "dry_run",
)  # fmt: skip
"""Keys that never change a number."""
TYPES_OF_A_DATA_SET: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "dir": (
        lambda value: isinstance(value, str) and value != "",
        "it has to be a word, the name of a folder",
    ),
    "mirrors": (
        lambda value: isinstance(value, list) and all(re.match("https?://[^/]", str(one)) for one in value),
        "it has to be a list of addresses, as [https://host/folder/]",
    ),
}
"""Key → whether a value that was given fits, and what to say if it does not. The validation size depends on the data set."""


@dataclass
class ProbeSchema:
    count: int = MISSING
    images: int = MISSING


@dataclass
class Schema:
    """The keys of the top level. A part's own keys are checked by the class that its YAML names."""

    optimizer: dict[str, Any] = MISSING
    problem: dict[str, Any] = MISSING
    dataset: dict[str, Any] = MISSING
    schedule: dict[str, Any] = MISSING
    executor: dict[str, Any] = MISSING
    experiment: Any = None
    lr: float | None = None
    seed: int = MISSING
    steps: int = MISSING
    dtype: str = MISSING
    rng: str = MISSING
    probe: ProbeSchema = field(default_factory=ProbeSchema)
    n_jobs: int = MISSING
    timeout: float | None = None
    max_failures: int | None = None
    results_dir: str = MISSING
    name: str | None = None
    force: bool = MISSING
    report: bool = MISSING
    formats: Any = MISSING
    dry_run: bool = MISSING


FIXED_BY_A_NAME = ("_target_", "targets", "style", "default_lr")
"""Keys that a part's YAML says of it, and no user."""
TOP_LEVEL_KEYS = tuple(f.name for f in fields(Schema))


Name = str | list[Any] | dict[str, Any] | None
"""What Hydra takes for a group: a name, a list of one, or keys of the part that is chosen."""


@cache
def declared_type(key: str) -> Any:
    """The type of a key, None if nothing is said of it. A group's key is a name; a part's key has the type that each class of
    the group that has it declares.
    """
    top, _, below = key.partition(".")
    if top in registry.groups() | {"experiment"}:
        types = registry.types_of(top, below) if below else [Name]
        return types[0] if types and all(one == types[0] for one in types) else None
    declared = get_type_hints(Schema).get(top)
    return get_type_hints(declared).get(below) if below and is_dataclass(declared) else None if below else declared


def register_schema() -> None:
    """Makes the schema and the names of `experiments/` known to Hydra."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Schema)
    for name in registry.experiment_names():  # Hydra needs the names; the sweeper reads the one asked for
        store.store(group="experiment", name=name, node={})


@dataclass(frozen=True)
class SweepSettings:
    """What a sweep needs besides its runs; none of it changes a number."""

    executor: Choice
    limits: Limits
    max_failures: int | None
    results_dir: str
    name: str | None
    force: bool
    report: bool
    formats: tuple[str, ...]
    dry_run: bool

    def __post_init__(self) -> None:
        counts = self.max_failures is None or self.max_failures >= 1
        require("max_failures", self.max_failures, counts, "stop after 1 failed run or more, or never (null)")
        known = bool(self.formats) and all(name in FORMATS for name in self.formats)
        require("formats", list(self.formats), known, f"a list of {', '.join(FORMATS)}")


def sweep_settings(composed: Mapping[str, Any]) -> SweepSettings:
    return SweepSettings(
        executor=_choice("executor", composed["executor"]),
        limits=Limits(composed["n_jobs"], composed["timeout"]),
        max_failures=composed["max_failures"],
        results_dir=os.path.expanduser(composed["results_dir"]),  # a shell leaves the ~ of results_dir=~/res as it is
        name=composed["name"],
        force=composed["force"],
        report=composed["report"],
        formats=tuple(formats) if isinstance(formats := composed["formats"], list) else (formats,),  # one needs no brackets
        dry_run=composed["dry_run"],
    )


class Resolver:
    """Composed configs → RunConfigs. Whatever the number of runs, each data set that is asked for is looked for once, and each
    choice of a part checked once.
    """

    def __init__(self) -> None:
        self._found: dict[str, DataSetInUse] = {}
        self._checked: dict[str, tuple[Choice, Any]] = {}

    def run_config(self, composed: Mapping[str, Any]) -> RunConfig:
        """The resolved, validated config of one run. Raises ConfigError or DataError."""
        _require_keys(composed)
        problem, spec = self._part("problem", composed["problem"], registry.problem)
        in_use = self._data_set(composed["dataset"]) if spec.needs_data else None
        spec.check(in_use.train_size if in_use else None)
        optimizer, _ = self._part("optimizer", composed["optimizer"], registry.optimizer)
        schedule, _ = self._part("schedule", composed["schedule"], registry.schedule)
        _require_in_dtype(composed["dtype"], optimizer=optimizer, problem=problem)
        few = bool(in_use) or composed["steps"] <= MAX_PROBED_STEPS
        require("steps", composed["steps"], few, f"every step of a function is probed, so take up to {MAX_PROBED_STEPS:,}")
        probe_images = composed["probe"]["images"] if in_use else None
        if in_use:
            enough = composed["probe"]["images"] <= in_use.train_size
            require("probe.images", probe_images, enough, f"the training set has {in_use.train_size} images; take fewer")
        return RunConfig(
            optimizer=optimizer,
            problem=problem,
            dataset=in_use.choice if in_use else None,
            schedule=schedule,
            lr=_learning_rate(composed),
            seed=composed["seed"],
            steps=composed["steps"],
            dtype=composed["dtype"],
            rng=composed["rng"],
            probe_count=composed["probe"]["count"],
            probe_images=probe_images,
        )

    @property
    def data_sets(self) -> list["DataSetInUse"]:
        """Every data set in use."""
        return list(self._found.values())

    def decode_data(self) -> list[str]:
        """Makes the images of every data set in use ready for whoever trains, and tells what could not be read on the way.

        Raises DataError.
        """
        passed_over: list[str] = []
        for data_set in self.data_sets:
            dataset = registry.dataset(data_set.choice.name, data_set.settings)
            ensure_decoded(dataset)
            passed_over += dataset.passed_over
        return passed_over

    def _part(self, group: str, settings: Mapping[str, Any], build: Callable[[Choice], Part]) -> tuple[Choice, Part]:
        """A choice, and the part that its class makes of it."""
        key = f"{group}: {settings!r}"
        if key not in self._checked:
            choice = _choice(group, settings)
            self._checked[key] = choice, build(choice)
        return self._checked[key]

    def _data_set(self, settings: Mapping[str, Any]) -> "DataSetInUse":
        key = repr(sorted(settings.items(), key=lambda item: item[0]))
        if key not in self._found:
            self._found[key] = _find_data_set(settings)
        return self._found[key]


@dataclass(frozen=True)
class DataSetInUse:
    """A data set that runs of this start use.

    settings: those of its YAML, and what was given instead. train_size: images, validation left out. passed_over: if another
    was asked for, the candidates before it that cannot be had, and why.
    """

    choice: Choice
    train_size: int
    settings: Mapping[str, Any]
    asked_for: str
    passed_over: Mapping[str, str]


def _find_data_set(settings: Mapping[str, Any]) -> DataSetInUse:
    complete = _require_known_keys("dataset", settings)
    if isinstance(complete.get("dir"), str):
        complete["dir"] = os.path.expanduser(complete["dir"])  # a shell leaves the ~ of dataset.dir=~/mnist as it is
    _require_types(complete)
    passed_over: dict[str, str] = {}
    if "candidates" in complete:
        complete, passed_over = _first_at_hand(complete)
    name = complete["name"]
    dataset = registry.dataset(name, complete)
    dataset.require_location()
    validation_size = whole(complete["validation_size"])
    fits = type(validation_size) is int and 0 <= validation_size < dataset.train_size
    require("dataset.validation_size", validation_size, fits, f"{name} has {dataset.train_size} images; take fewer of them")
    choice = Choice(name, {"checksum": dataset.checksum, "validation_size": validation_size}, dataset.source)
    train_size = dataset.train_size - validation_size
    return DataSetInUse(choice, train_size, complete, settings["name"], passed_over)


def _require_types(settings: Mapping[str, Any]) -> None:
    """Raises ConfigError if a given key of a data set is nothing that its class could use."""
    yaml = registry.load_yaml("dataset", settings["name"])
    for key, (fits, remedy) in TYPES_OF_A_DATA_SET.items():
        if key in yaml and settings[key] != yaml[key]:
            require(f"dataset.{key}", settings[key], fits(settings[key]), remedy)


def _first_at_hand(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings of the first candidate that can be had, with what was given; and why those before it cannot be had."""
    passed_over: dict[str, str] = {}
    for name in settings["candidates"]:
        yaml = dict(registry.load_yaml("dataset", name))
        given = {key: settings[key] for key in ("dir", "validation_size") if key in yaml and settings[key] is not None}
        dataset = registry.dataset(name, yaml | given)
        if "dir" in given:  # it is there that it was asked for, and nowhere else
            return yaml | given, passed_over
        try:
            dataset.require_at_hand()
        except DataError as error:
            passed_over[name] = str(error)
        else:
            return yaml | given, passed_over
    raise DataError(f"dataset={settings['name']}: none of {', '.join(settings['candidates'])} can be had")


def _learning_rate(composed: Mapping[str, Any]) -> float | None:
    default = composed["optimizer"]["default_lr"]
    if default is None:  # a rule without a learning rate: a sweep over lr must not repeat it
        return None
    lr = composed["lr"] if composed["lr"] is not None else default
    numeric = isinstance(lr, int | float) and not isinstance(lr, bool)
    require("lr", lr, numeric, "a learning rate is a finite number above 0, for example lr=0.001")
    return float(lr)


def _require_in_dtype(dtype: str, **choices: Choice) -> None:
    """Raises ConfigError for a number that the run's dtype turns into 0, 1 or infinity: the rule would be another one.

    A learning rate may be 0 or infinite there: that nothing is learned, or that the run diverges, is what it does anyway.
    """
    if dtype not in DTYPES:  # RunConfig says what there is
        return
    for group, choice in choices.items():
        for key, value in choice.values.items():
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, float):
                    with np.errstate(over="ignore", under="ignore"):
                        cast = float(np.dtype(dtype).type(number))
                    is_kept = math.isfinite(cast) and (cast == number or cast not in (0, 1))
                    remedy = f"in {dtype} it is {cast:g}; take a number that {dtype} has" + LARGER[dtype]
                    require(f"{group}.{key}", number, is_kept, remedy)


LARGER = {"float32": ", or dtype=float64", "float64": ""}


def _choice(group: str, settings: Mapping[str, Any]) -> Choice:
    """A part of a composed config, with every value checked against the class that implements it."""
    known = _require_known_keys(group, settings)
    values = {key: value for key, value in known.items() if key not in registry.KEYS_ABOUT_A_PART}
    return registry.choice(group, settings["name"], values)


def _require_known_keys(group: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ConfigError where a key is not in the YAML of that name, or its name or class was overridden."""
    name = settings.get("name")
    if not isinstance(name, str):
        raise ConfigError(f"{group}.name={display(name)}: a name is a word; choose one with {group}=NAME")
    yaml = registry.load_yaml(group, name)
    for key in settings:
        if key not in yaml:
            given = f"{group}.{key}={display(settings[key])}"
            own = registry.given_keys(group, name)
            remedy = hint([f"{group}.{one}" for one in closest(key, own)], f"it has {', '.join(own) or 'none'}")
            raise ConfigError(f"{given}: {name} has no such key; {remedy}")
    missing = [key for key in yaml if key not in settings]
    if missing:
        raise ConfigError(f"~{group}.{missing[0]}: {name} cannot do without it; leave the key in")
    fixed = FIXED_BY_A_NAME if group != "dataset" else [key for key in yaml if key not in registry.GIVEN_OF_A_DATA_SET]
    for key in fixed:
        if key in yaml and settings[key] != yaml[key]:
            raise ConfigError(f"{group}.{key}: it belongs to the name; choose another with {group}=NAME")
    return dict(settings)


def _require_keys(composed: Mapping[str, Any]) -> None:
    """Raises ConfigError for a key that there is not, and for one that was deleted; the experiment is no part of a run."""
    unknown = [key for key in composed if key not in TOP_LEVEL_KEYS]
    if unknown:
        raise ConfigError(f"{unknown[0]}: there is no such key; the keys are {', '.join(TOP_LEVEL_KEYS)}")
    missing = [key for key in TOP_LEVEL_KEYS if key not in composed and key != "experiment"]
    if missing:
        raise ConfigError(f"~{missing[0]}: a run cannot do without it; leave the key in")
