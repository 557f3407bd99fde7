"""The typed schema of `conf/config.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from zdl_bench.registry import conf_files, registry

SWEEP_KEYS = (
    "executor", "n_jobs", "timeout", "max_failures", "results_dir", "name", "force", "report", "formats", "figure", "table",
    "language", "dry_run",
    "until", "max_seeds", "margin", "tuning_seeds", "lr_grid", "tune", "max_extensions", "zip",
)  # fmt: skip
"""Keys of the whole sweep, which never change the numbers of a run."""
KEYS_THAT_CHOOSE_RUNS = ("until", "max_seeds", "margin", "tuning_seeds", "lr_grid", "tune", "max_extensions", "zip")
"""Keys of the whole sweep that decide which runs it has."""
JobConfig = dict[str, Any]
"""The config of one job: the schema's keys as nested plain values."""
Name = str | list[Any] | dict[str, Any] | None
"""The type that Hydra accepts for the key of a group: a name, a list of one name, or a dictionary of the part's keys."""


@dataclass
class ProbeSchema:
    count: int = MISSING
    images: int = MISSING


@dataclass
class FigureSchema:
    style: str = MISSING
    width: int | None = None
    optimizers: int | None = None


@dataclass
class TableSchema:
    columns: Any = MISSING


@dataclass
class Schema:
    """The types of the top-level keys. The keys of a part are checked later, by the class that the part's YAML names."""

    optimizer: dict[str, Any] = MISSING
    transform: dict[str, Any] = field(default_factory=dict)
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
    figure: FigureSchema = field(default_factory=FigureSchema)
    table: TableSchema = field(default_factory=TableSchema)
    language: str | None = None
    dry_run: bool = MISSING
    until: str | None = None
    max_seeds: int | None = None
    margin: float | None = None
    tuning_seeds: Any = None
    lr_grid: Any = None
    tune: Any = None
    max_extensions: int | None = None
    zip: Any = None


TOP_LEVEL_KEYS = tuple(f.name for f in fields(Schema))


@conf_files.CachedByPlace
def declared_type(key: str) -> Any:
    """Return the declared type of a key, or None if the type is unknown.

    The type of a group's key is Name. The type of a part's key is known if all classes of the group that have the key agree.
    """
    top, _, below = key.partition(".")
    if top in conf_files.groups() | {"experiment"}:
        types = registry.types_of(top, below) if below else [Name]
        return types[0] if types and all(one == types[0] for one in types) else None
    declared = get_type_hints(Schema).get(top)
    if not below:
        return declared
    return get_type_hints(declared).get(below) if is_dataclass(declared) else None


def register_choice(group: str, name: str, content: Mapping[str, Any]) -> None:
    """Make `group=name` known to Hydra, as if a YAML of this name had this content."""
    ConfigStore.instance().store(group=group, name=name, node=dict(content))


def forget_choice(group: str, name: str) -> None:
    """Take back a `register_choice`."""
    ConfigStore.instance().repo[group].pop(f"{name}.yaml", None)


def register_schema() -> None:
    """Make the schema and the names of `experiments/` known to Hydra."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Schema)
    for name in conf_files.experiment_names():  # for completion and help; another module reads their content
        store.store(group="experiment", name=name, node={})
