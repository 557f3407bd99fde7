"""The config of a run, which states what the run has to do. The run's id is a hash of the config."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zdl_bench.errors import require
from zdl_bench.run.untrusted import decode_as

ENGINE_VERSION = 3
"""The version of the training engine, part of every run id. Increase it if any existing config gives different numbers."""

RUN_ID = re.compile(r"[0-9a-f]{16}")
DTYPES = ("float32", "float64")
RNGS = ("spawned", "legacy")
CLASSES, NUMBERS, INPUTS = "classes", "numbers", "inputs"
"""What a problem predicts: the number of a class, numbers as in a regression, or its own inputs, whatever the labels are."""
LOSS_UNITS = {"cross_entropy": "nats", "mse": "squared error", "binary_cross_entropy": "nats per pixel"}
"""Each word of `problem.loss` → the unit of the loss. Only the first comes with an accuracy."""
MAX_STEPS = 10_000_000
MAX_SEED = 2**63 - 1
MAX_LEGACY_SEED = 2**32 - 1

OMITTED_AT_DEFAULT = {"omitted_at_default": True}
"""The metadata of a hyper-parameter that a class got later: at its default it is in no config, so that no run id moves."""

IMPLIED: dict[str, "Value"] = {"schedule.warmup_share": 0.0}
"""Key → the value of configs without it, for keys omitted at a default that a sweep may compare with other values."""

PlainValue = bool | int | float | str | None
Value = PlainValue | tuple["Value", ...]


@dataclass(frozen=True)
class Choice:
    """One choice in a group of `conf/`: the name of its YAML and every value that determines numbers.

    source: None if ENGINE_VERSION covers the part's code. If a user edited or added the part, a hash of its code.
    """

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)
    source: str | None = None

    def as_dict(self) -> dict[str, Value]:
        return {"name": self.name, **self.values} | ({} if self.source is None else {"source": self.source})


def _decode_choice(stored: Mapping[str, Any]) -> Choice:
    values = {key: freeze(value) for key, value in stored.items() if key not in ("name", "source")}
    source = stored.get("source")
    return Choice(str(stored["name"]), values, None if source is None else str(source))


def freeze(value: Any) -> Value:
    """Return a value of a YAML or of JSON as a run keeps it, with tuples in place of lists. Raise TypeError for a mapping."""
    if isinstance(value, list):
        return tuple(freeze(item) for item in value)
    if isinstance(value, dict):
        raise TypeError(
            "the config of a run has a mapping as a value; a value is a number, a text, true, false, null or a list of these"
        )
    return value  # type: ignore[no-any-return]


@dataclass(frozen=True)
class RunConfig:
    """The resolved values that determine the numbers of a run, and no other values.

    dataset, probe_images: None if the problem needs no data. The values of `dataset` include the data set's checksum.
    lr: None if the optimizer has no learning rate. transform: the transforms around the optimizer, the outermost first.

    Raises ConfigError for a value that no run can have.
    """

    optimizer: Choice
    problem: Choice
    dataset: Choice | None
    schedule: Choice
    lr: float | None
    seed: int
    steps: int
    dtype: str
    rng: str
    probe_count: int
    probe_images: int | None
    transform: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        positive = self.lr is None or (math.isfinite(self.lr) and self.lr > 0)
        require("lr", self.lr, positive, "a learning rate is a finite number above 0, for example lr=0.001")
        largest_seed = MAX_LEGACY_SEED if self.rng == "legacy" else MAX_SEED
        require("seed", self.seed, 0 <= self.seed <= largest_seed, f"a seed is an integer from 0 to {largest_seed}")
        require("steps", self.steps, 1 <= self.steps <= MAX_STEPS, f"give 1 to {MAX_STEPS:,} steps; every step is recorded")
        require("dtype", self.dtype, self.dtype in DTYPES, f"choose one of {', '.join(DTYPES)}")
        require("rng", self.rng, self.rng in RNGS, f"choose one of {', '.join(RNGS)}")
        require("probe.count", self.probe_count, self.probe_count >= 1, "a run has at least 1 probe; give 1 or more")
        images = self.probe_images
        require("probe.images", images, images is None or images >= 1, "a probe uses at least 1 image; give 1 or more")

    @property
    def parts(self) -> list[tuple[str, Choice]]:
        """The group and the choice of each part of the run."""
        single = {"optimizer": self.optimizer, "problem": self.problem, "dataset": self.dataset, "schedule": self.schedule}
        return [(group, part) for group, part in single.items() if part] + [("transform", part) for part in self.transform]

    @property
    def has_own_code(self) -> bool:
        """Whether a user edited or added a part of the run."""
        return any(part.source is not None for _, part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """Return the config as nested JSON values. This form is hashed and stored."""
        return {
            "optimizer": self.optimizer.as_dict(),
            "problem": self.problem.as_dict(),
            "dataset": self.dataset.as_dict() if self.dataset else None,
            "schedule": self.schedule.as_dict(),
            "lr": self.lr,
            "seed": self.seed,
            "steps": self.steps,
            "dtype": self.dtype,
            "rng": self.rng,
            "probe": {"count": self.probe_count, "images": self.probe_images},
        } | ({"transform": [one.as_dict() for one in self.transform]} if self.transform else {})

    def flat(self) -> dict[str, Value]:
        """Return command-line key → value, for example `optimizer` → adam and `optimizer.beta1` → 0.9."""
        flat: dict[str, Value] = {}
        for key, value in self.as_dict().items():
            if isinstance(value, dict) and "name" in value:
                flat[key] = value["name"]
                flat |= {f"{key}.{part}": item for part, item in value.items() if part != "name"}
            elif key == "transform":
                flat[key] = tuple(one.name for one in self.transform)
                parts = [(one.name, part, item) for one in self.transform for part, item in one.as_dict().items()]
                flat |= {f"{key}.{name}.{part}": item for name, part, item in parts if part != "name"}
            elif isinstance(value, dict):
                flat |= {f"{key}.{part}": item for part, item in value.items()}
            else:
                flat[key] = value
        return flat | {key: value for key, value in IMPLIED.items() if key not in flat}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "RunConfig":
        """Return the config that `as_dict` turned into `stored`.

        Raise ConfigError, KeyError, TypeError, ValueError or AttributeError if `stored` is not a valid config.
        """
        numbers = {key: stored[key] for key in ("lr", "seed", "steps", "dtype", "rng")}
        numbers |= {f"probe.{key}": stored["probe"][key] for key in ("count", "images")}
        types = {key.replace("_", "."): kind for key, kind in cls.__annotations__.items()}
        return cls(
            optimizer=_decode_choice(stored["optimizer"]),
            problem=_decode_choice(stored["problem"]),
            dataset=_decode_choice(stored["dataset"]) if stored["dataset"] else None,
            schedule=_decode_choice(stored["schedule"]),
            transform=tuple(_decode_choice(one) for one in stored.get("transform", [])),
            **{key.replace(".", "_"): decode_as(types[key], value, key) for key, value in numbers.items()},
        )

    @cached_property
    def run_id(self) -> str:
        return self.id_under(ENGINE_VERSION)

    def id_under(self, engine: int) -> str:
        """Return the first 16 hex digits of the SHA-256 of the config and the engine version as canonical JSON."""
        canonical = json.dumps({**self.as_dict(), "engine": engine}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
