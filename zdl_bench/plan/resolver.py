"""The conversion of composed configs to RunConfigs and to the settings of a sweep."""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from zdl_bench.datasets.dataset import ensure_decoded
from zdl_bench.errors import ConfigError, closest, display, hint, require
from zdl_bench.executors.executor import Limits
from zdl_bench.plan.data_sets import DataSetInUse, find_data_set
from zdl_bench.plan.keys import FORMATS, owners_of, similar_keys, unknown_key
from zdl_bench.plan.schema import TOP_LEVEL_KEYS
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import DTYPES, Choice, RunConfig

BuiltPart = TypeVar("BuiltPart")

MAX_PROBED_STEPS = 200_000
"""Maximum number of steps of a run that is probed at every step. Each probe takes half a kilobyte of memory."""
FIXED_KEYS = ("_target_", "targets", "style", "default_lr")
"""Keys in the YAML of a part that a user cannot change."""


class Resolver:
    """A converter of composed configs to RunConfigs. It looks for each data set once and checks each chosen part once."""

    def __init__(self) -> None:
        self._found: dict[str, DataSetInUse] = {}
        self._checked: dict[str, tuple[Choice, Any]] = {}

    def run_config(self, composed: Mapping[str, Any]) -> RunConfig:
        """Return the resolved, validated config of one run. Raise ConfigError for a wrong value, DataError for missing data."""
        unknown = [key for key in composed if key not in TOP_LEVEL_KEYS]
        if unknown:
            raise ConfigError(unknown_key(unknown[0]))
        problem, spec = self._part("problem", composed["problem"], registry.problem)
        in_use = self._data_set(composed["dataset"]) if spec.needs_data else None
        spec.check(in_use.train_size if in_use else None)
        optimizer, _ = self._part("optimizer", composed["optimizer"], registry.optimizer)
        schedule, _ = self._part("schedule", composed["schedule"], registry.schedule)
        _require_in_dtype(composed["dtype"], optimizer=optimizer, problem=problem)
        few = bool(in_use) or composed["steps"] <= MAX_PROBED_STEPS
        require(
            "steps", composed["steps"], few, f"a run without data is probed at every step; give at most {MAX_PROBED_STEPS:,}"
        )
        probe_images = composed["probe"]["images"] if in_use else None
        if in_use:
            enough = composed["probe"]["images"] <= in_use.train_size
            require("probe.images", probe_images, enough, f"the training set has only {in_use.train_size} images; give fewer")
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
    def data_sets(self) -> list[DataSetInUse]:
        """The data sets that the configs converted so far use."""
        return list(self._found.values())

    def decode_data(self) -> list[str]:
        """Decode the images of every data set in use. Return a message for each file that could not be read.

        Raise DataError if the images of a data set cannot be decoded.
        """
        unreadable: list[str] = []
        for data_set in self.data_sets:
            dataset = registry.dataset(data_set.choice.name, data_set.settings)
            ensure_decoded(dataset)
            unreadable += dataset.passed_over
        return unreadable

    def _part(self, group: str, settings: Mapping[str, Any], build: Callable[[Choice], BuiltPart]) -> tuple[Choice, BuiltPart]:
        key = f"{group}: {settings!r}"
        if key not in self._checked:
            choice = part_choice(group, settings)
            self._checked[key] = choice, build(choice)
        return self._checked[key]

    def _data_set(self, settings: Mapping[str, Any]) -> DataSetInUse:
        key = repr(sorted(settings.items(), key=lambda item: item[0]))
        if key not in self._found:
            fixed = [key for key in settings if key not in registry.GIVEN_OF_A_DATA_SET]
            self._found[key] = find_data_set(_require_known_keys("dataset", settings, fixed))
        return self._found[key]


def part_choice(group: str, settings: Mapping[str, Any]) -> Choice:
    """Return the chosen part of a composed config. Raise ConfigError for a value that does not fit the class of the part."""
    known = _require_known_keys(group, settings, FIXED_KEYS)
    values = {key: value for key, value in known.items() if key not in registry.KEYS_ABOUT_A_PART}
    return registry.choice(group, settings["name"], values)


@dataclass(frozen=True)
class SweepSettings:
    """The settings of a sweep besides its runs. None of these settings changes the numbers of a run."""

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
        is_count = self.max_failures is None or self.max_failures >= 1
        require(
            "max_failures",
            self.max_failures,
            is_count,
            "give the number of failed runs after which to stop, at least 1, or null to never stop",
        )
        are_known = bool(self.formats) and all(name in FORMATS for name in self.formats)
        require("formats", list(self.formats), are_known, f"give one or more of {', '.join(FORMATS)}")


def sweep_settings(composed: Mapping[str, Any]) -> SweepSettings:
    """Return the settings in a composed config. Raise ConfigError if one is wrong."""
    formats = composed["formats"]
    return SweepSettings(
        executor=part_choice("executor", composed["executor"]),
        limits=Limits(composed["n_jobs"], composed["timeout"]),
        max_failures=composed["max_failures"],
        results_dir=os.path.expanduser(composed["results_dir"]),  # a shell leaves the ~ of results_dir=~/res as it is
        name=composed["name"],
        force=composed["force"],
        report=composed["report"],
        formats=tuple(formats) if isinstance(formats, list) else (formats,),  # one format needs no brackets
        dry_run=composed["dry_run"],
    )


def _require_known_keys(group: str, settings: Mapping[str, Any], fixed: Iterable[str]) -> dict[str, Any]:
    """Return the settings of a part. Raise ConfigError for a key that is not in the part's YAML or a changed key in `fixed`."""
    name = settings.get("name")
    if not isinstance(name, str):
        raise ConfigError(f"{group}.name={display(name)}: the name must be text; choose a name with {group}=NAME")
    yaml = conf_files.load_yaml(group, name)
    for key in settings:
        if key not in yaml:
            given = f"{group}.{key}={display(settings[key])}"
            own = registry.given_keys(group, name)
            near = [f"{group}.{one}" for one in closest(key, own)]
            near = near or [one for one in similar_keys(f"{group}.{key}") if "." not in one]
            remedy = f"choose one of its keys: {', '.join(own)}" if own else "leave this key out"
            remedies = filter(None, [hint(near, remedy), owners_of(f"{group}.{key}")])
            raise ConfigError(f"{given}: {name} has no such key; {'; '.join(remedies)}")
    for key in fixed:
        if key in yaml and settings[key] != yaml[key]:
            raise ConfigError(f"{group}.{key}: this key of a part cannot be changed; choose another part with {group}=NAME")
    return dict(settings)


def _learning_rate(composed: Mapping[str, Any]) -> float | None:
    default = composed["optimizer"]["default_lr"]
    if default is None:  # a rule without a learning rate: its runs must not be repeated for each lr
        return None
    lr = composed["lr"] if composed["lr"] is not None else default
    is_number = isinstance(lr, int | float) and not isinstance(lr, bool)
    require("lr", lr, is_number, "a learning rate is a finite number above 0, for example lr=0.001")
    return float(lr)


def _require_in_dtype(dtype: str, **choices: Choice) -> None:
    """Raise ConfigError for a number that the run's dtype rounds to 0, 1 or infinity.

    Such a number would change the update rule or the problem. A learning rate is not checked: if rounding makes it 0 or
    infinite, the run learns nothing or diverges, as it would do without rounding.
    """
    if dtype not in DTYPES:  # RunConfig raises the error for an unknown dtype
        return
    for group, choice in choices.items():
        for key, value in choice.values.items():
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, float):
                    with np.errstate(over="ignore", under="ignore"):
                        cast = float(np.dtype(dtype).type(number))
                    is_kept = math.isfinite(cast) and (cast == number or cast not in (0, 1))
                    remedy = f"in {dtype} this number is {cast:g}; give a number that {dtype} can represent"
                    remedy += ", or dtype=float64" if dtype == "float32" else ""
                    require(f"{group}.{key}", number, is_kept, remedy)
