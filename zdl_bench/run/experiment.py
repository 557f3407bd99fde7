"""An experiment as data: its blocks of runs, its tuning seeds and evaluation seeds, and its claims."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.run.untrusted import require_no_reference

EXPERIMENT_KEYS = ("title", "source", "fixed", "tuning_seeds", "tune", "max_extensions", "evaluation_seeds", "blocks", "claims")
SEED_RANGE = re.compile(r"range\((\d+),\s*(\d+)\)")
MAX_SEED_DIGITS = 19
MAX_SEEDS = 100_000
TUNABLE = re.compile(r"(?:optimizer|transform|schedule)(?:\.\w+)+")
MAX_EXTENSIONS = 20
"""The largest number of learning rates with which a grid may go on."""

Block = Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """The validated content of `experiments/NAME.yaml`.

    blocks: each block maps keys, including the fixed keys, to a value or a list of values. The runs of a block are all
        combinations of these values.
    tuning_seeds: a block with several learning rates runs all of them on these seeds. The learning rate with the best mean
        tail_loss then runs on evaluation_seeds. A block with one learning rate runs only on evaluation_seeds. A block that
        names its own seeds runs on its own seeds. If there are no tuning seeds, every learning rate runs on evaluation_seeds.
    tune: keys that are tuned besides the learning rate: their values are tried in all combinations with it.
    max_extensions: how often a grid of learning rates goes on beyond an edge at which the best one lies; None: three times if
        it is a grid of factors (`lr_grid`), otherwise never.
    claims: the claims as they stand in the YAML, which `statistics.claims` checks.
    """

    title: str
    source: str = ""
    blocks: tuple[Block, ...] = ({},)
    tuning_seeds: tuple[int, ...] = ()
    evaluation_seeds: tuple[int, ...] = ()
    claims: tuple[Mapping[str, Any], ...] = ()
    tune: tuple[str, ...] = ()
    max_extensions: int | None = None

    @property
    def tuned_keys(self) -> tuple[str, ...]:
        """The keys besides the learning rate that are chosen on the tuning seeds."""
        return tuple(key for key in self.tune if key != "lr") if self.tuning_seeds else ()

    @classmethod
    def of(cls, name: str, content: Mapping[str, Any]) -> "Experiment":
        """Return the experiment in the content of a YAML file. Raise ConfigError if the content is not a valid experiment."""
        unknown = [key for key in content if key not in EXPERIMENT_KEYS]
        if unknown:
            raise ConfigError(f"experiment={name}: there is no key {unknown[0]}; use only {', '.join(EXPERIMENT_KEYS)}")
        fixed, blocks, claims = content.get("fixed", {}), content.get("blocks", [{}]), content.get("claims", [])
        if not isinstance(fixed, dict) or not _are_mappings(blocks) or not blocks:
            raise ConfigError(
                f"experiment={name}: `blocks` must be a list of mappings and `fixed` a mapping; write `key: value` lines"
            )
        if not _are_mappings(claims):
            raise ConfigError(f"experiment={name}: `claims` must be a list of mappings; write `key: value` lines")
        blocks = [fixed | block for block in blocks]
        try:
            require_no_reference(blocks)
        except ConfigError as error:
            raise ConfigError(f"experiment={name}: {error}") from error
        return cls(
            title=str(content.get("title", name)),
            source=str(content.get("source", "")),
            blocks=tuple(blocks),
            tuning_seeds=_seeds(name, "tuning_seeds", content),
            evaluation_seeds=_seeds(name, "evaluation_seeds", content),
            claims=tuple(claims),
            tune=keys_to_tune(content.get("tune")),
            max_extensions=number_of_extensions(content.get("max_extensions")),
        )


def keys_to_tune(value: Any) -> tuple[str, ...]:
    """Return the keys in a value of `tune`, each once; null gives none. Raise ConfigError if one cannot be tuned."""
    keys = [] if value is None else value if isinstance(value, list) else [value]
    for key in keys:
        if not isinstance(key, str) or (key != "lr" and not TUNABLE.fullmatch(key)):
            raise ConfigError(
                f"tune={display(value)}: {display(key)} cannot be tuned; give lr, or keys of the optimizer, a transform or the "
                "schedule, for example 'tune=[lr,optimizer.beta2]'"
            )
    return tuple(dict.fromkeys(keys))


def number_of_extensions(value: Any) -> int | None:
    """Return a value of `max_extensions`. Raise ConfigError if it is neither null nor a number from 0 to MAX_EXTENSIONS."""
    if value is not None and (type(value) is not int or not 0 <= value <= MAX_EXTENSIONS):
        raise ConfigError(f"max_extensions={display(value)}: give a number from 0 to {MAX_EXTENSIONS}, or null")
    return value


def _are_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _seeds(name: str, key: str, content: Mapping[str, Any]) -> tuple[int, ...]:
    value = content.get(key, [])
    if isinstance(value, list) and all(type(seed) is int for seed in value):
        return tuple(value)
    found = SEED_RANGE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f"experiment={name}: {key}={display(value)}: give a list of seeds or range(start,stop)")
    if max(map(len, found.groups())) > MAX_SEED_DIGITS or int(found[2]) - int(found[1]) > MAX_SEEDS:
        raise ConfigError(f"experiment={name}: {key}={display(found[0])}: the limit is {MAX_SEEDS:,} seeds; give fewer")
    return tuple(range(int(found[1]), int(found[2])))
