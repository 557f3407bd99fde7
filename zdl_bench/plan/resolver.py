"""The conversion of composed configs to RunConfigs."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from zdl_bench.datasets.cache import ensure_decoded
from zdl_bench.errors import ConfigError, closest, display, hint, require
from zdl_bench.optimizers.optimizer import Optimizer
from zdl_bench.plan.data_sets import DataSetInUse, find_data_set
from zdl_bench.plan.in_dtype import require_in_dtype
from zdl_bench.plan.keys import owners_of, similar_keys, unknown_key
from zdl_bench.plan.lr_grid import no_default_lr
from zdl_bench.plan.schema import TOP_LEVEL_KEYS
from zdl_bench.plan.sizes import fitting_sizes
from zdl_bench.plan.transforms import require_transform
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import Choice, RunConfig

BuiltPart = TypeVar("BuiltPart")

MAX_PROBED_STEPS = 200_000
"""Maximum number of steps of a run that is probed at every step. Each probe takes half a kilobyte of memory."""
FIXED_KEYS = ("_target_", "wraps", "display_name", "family", "targets", "style", "default_lr")
"""Keys in the YAML of a part that a user cannot change."""


class Resolver:
    """A converter of composed configs to RunConfigs. It looks for each data set once and checks each chosen part once."""

    def __init__(self) -> None:
        self._found: dict[str, DataSetInUse] = {}
        self._checked: dict[str, tuple[Choice, Any]] = {}
        self.notices: dict[str, None] = {}
        """What the user should know of the data, each sentence once."""

    def run_config(self, composed: Mapping[str, Any]) -> RunConfig:
        """Return the resolved, validated config of one run. Raise ConfigError for a wrong value, DataError for missing data."""
        unknown = [key for key in composed if key not in TOP_LEVEL_KEYS]
        if unknown:
            raise ConfigError(unknown_key(unknown[0]))
        problem, spec = self._part("problem", composed["problem"], registry.problem)
        in_use = self._data_set(composed["dataset"], spec.predicts) if spec.needs_data else None
        if in_use:
            composed, shrunk = fitting_sizes(composed, in_use.train_size)
            self.notices |= dict.fromkeys(f"dataset={in_use.choice.name}: {sentence}" for sentence in shrunk)
            problem, spec = self._part("problem", composed["problem"], registry.problem)
        spec.check(in_use.train_size if in_use else None)
        optimizer, inner = self._part("optimizer", composed["optimizer"], _accepted_optimizer)
        schedule, _ = self._part("schedule", composed["schedule"], registry.schedule)
        require_in_dtype(composed["dtype"], optimizer=optimizer, problem=problem)
        few = bool(in_use) or composed["steps"] <= MAX_PROBED_STEPS
        require(
            "steps", composed["steps"], few, f"a run without data is probed at every step; give at most {MAX_PROBED_STEPS:,}"
        )
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
            probe_images=composed["probe"]["images"] if in_use else None,
            transform=tuple(self._transform(name, settings, inner) for name, settings in composed.get("transform", {}).items()),
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
            ensure_decoded(data_set.dataset)
            unreadable += data_set.dataset.passed_over
        return unreadable

    def _part(self, group: str, settings: Mapping[str, Any], build: Callable[[Choice], BuiltPart]) -> tuple[Choice, BuiltPart]:
        key = f"{group}: {settings!r}"
        if key not in self._checked:
            choice = part_choice(group, settings)
            self._checked[key] = choice, build(choice)
        return self._checked[key]

    def _transform(self, name: str, settings: Any, inner: Optimizer) -> Choice:
        require_transform(name, settings)
        return self._part("transform", settings, lambda choice: registry.build_part("transform", choice, inner=inner))[0]

    def _data_set(self, settings: Mapping[str, Any], predicts: str) -> DataSetInUse:
        key = f"{predicts}: {sorted(settings.items(), key=lambda item: item[0])!r}"
        if key not in self._found:
            fixed = [key for key in settings if key not in registry.GIVEN_OF_A_DATA_SET]
            self._found[key] = find_data_set(_require_known_keys("dataset", settings, fixed), predicts)
            self.notices |= dict.fromkeys(self._found[key].dataset.remarks)
        return self._found[key]


def part_choice(group: str, settings: Mapping[str, Any]) -> Choice:
    """Return the chosen part of a composed config. Raise ConfigError for a value that does not fit the class of the part."""
    known = _require_known_keys(group, settings, FIXED_KEYS)
    values = {key: value for key, value in known.items() if key not in registry.KEYS_ABOUT_A_PART}
    return registry.choice(group, settings["name"], values)


def _accepted_optimizer(choice: Choice) -> Optimizer:
    """Return the optimizer of a choice. Raise ConfigError for a value that its class, or the library it is from, rejects."""
    optimizer = registry.optimizer(choice)
    optimizer.require_accepted()
    return optimizer


def _require_known_keys(group: str, settings: Mapping[str, Any], fixed: Iterable[str]) -> dict[str, Any]:
    """Return the settings of a part. Raise ConfigError for a key that is not in the part's YAML or a changed key in `fixed`."""
    name = settings.get("name")
    if not isinstance(name, str):
        raise ConfigError(f"{group}.name={display(name)}: the name must be text; choose a name with {group}=NAME")
    yaml = conf_files.load_yaml(group, name)
    for key in settings:
        if key not in yaml:
            prefix = conf_files.key_prefix(group, name)
            given = f"{prefix}.{key}={display(settings[key])}"
            own = registry.given_keys(group, name)
            near = [f"{prefix}.{one}" for one in closest(key, own)]
            near = near or [one for one in similar_keys(f"{prefix}.{key}") if "." not in one]
            remedy = f"choose one of its keys: {', '.join(own)}" if own else "leave this key out"
            remedies = filter(None, [hint(near, remedy), owners_of(f"{prefix}.{key}")])
            raise ConfigError(f"{given}: {name} has no such key; {'; '.join(remedies)}")
    for key in fixed:
        if key in yaml and settings[key] != yaml[key]:
            raise ConfigError(f"{group}.{key}: this key of a part cannot be changed; choose another part with {group}=NAME")
    return dict(settings)


def _learning_rate(composed: Mapping[str, Any]) -> float | None:
    default = composed["optimizer"].get("default_lr", math.nan)
    if default is None:  # a rule without a learning rate: its runs must not be repeated for each lr
        return None
    lr = composed["lr"] if composed["lr"] is not None else default
    if lr is default and lr != lr:  # an object of a class without one
        raise no_default_lr(composed["optimizer"]["name"])
    is_number = isinstance(lr, int | float) and not isinstance(lr, bool)
    require("lr", lr, is_number, "a learning rate is a finite number above 0, for example lr=0.001")
    return float(lr)
