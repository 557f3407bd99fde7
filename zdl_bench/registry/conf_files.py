"""The YAML files of parts and experiments. Each file is a choice that a user can name.

They are those of `conf/` and `experiments/`, and those in the folders of `conf_places.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, update_wrapper
from pathlib import Path
from typing import Any, Generic, TypeVar, TypeVarTuple, Unpack
from weakref import WeakKeyDictionary

from zdl_bench.errors import ConfigError, abridge, closest, display, hint
from zdl_bench.registry.conf_places import EXPERIMENT, ConfPlace, outside_places
from zdl_bench.registry.declarations import read_declaration, yaml_content
from zdl_bench.registry.given_parts import GivenParts, given_parts
from zdl_bench.registry.module_files import PACKAGE
from zdl_bench.run.config import RunConfig

LISTED_GROUP = "transform"
"""The group of which a run has a list. All others give it one part each."""
Arguments = TypeVarTuple("Arguments")
LookedUp = TypeVar("LookedUp")


def _folder(name: str) -> Path:
    """Return the folder of this name inside the installed package, or beside the package in a source checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


CONF = _folder("conf")
EXPERIMENTS = _folder("experiments")


def conf_places() -> tuple[ConfPlace, ...]:
    """Return all places with YAMLs, each once: the package's own, those of installed packages, and those of the user."""
    return _distinct_places(CONF, EXPERIMENTS, outside_places())


@cache
def _distinct_places(conf: Path, experiments: Path, outside: tuple[ConfPlace, ...]) -> tuple[ConfPlace, ...]:
    places = (ConfPlace(conf, experiments), *outside)
    return tuple({place.folder: place for place in reversed(places)}.values())[::-1]


class CachedByPlace(Generic[*Arguments, LookedUp]):
    """A function that is called once for the same arguments and the same places, by each sweep that a program starts."""

    def __init__(self, function: Callable[[Unpack[Arguments]], LookedUp]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._found: WeakKeyDictionary[GivenParts, Any] = WeakKeyDictionary()

    def __call__(self, *arguments: *Arguments) -> LookedUp:
        given = given_parts()
        if given not in self._found:
            self._found[given] = cache(partial(_without_places, self._function))
        found: LookedUp = self._found[given](conf_places(), *arguments)
        return found

    def cache_clear(self) -> None:
        self._found.clear()


def _without_places(function: Callable[..., LookedUp], places: tuple[ConfPlace, ...], *arguments: Any) -> LookedUp:
    return function(*arguments)


def groups() -> set[str]:
    return {path.name for path in CONF.iterdir() if path.is_dir()}


def names(group: str) -> list[str]:
    """Return the names of the YAMLs of a group in all places, sorted."""
    return sorted({path.stem for place in conf_places() for path in _group_folder(place, group).glob("*.yaml")})


def all_part_files() -> list[Path]:
    """Return the YAML files of the parts in all places, sorted."""
    return sorted(path for place in conf_places() for group in groups() for path in (place.folder / group).glob("*.yaml"))


def experiment_names() -> list[str]:
    """Return the names of all experiments, sorted."""
    return names(EXPERIMENT)


@CachedByPlace
def yaml_place(group: str, name: str) -> tuple[Path, ConfPlace]:
    """Return the YAML file of a name, and its place. Raise ConfigError if there is no such file, or more than one."""
    if name not in names(group):
        raise ConfigError(describe_unknown(group, name, names(group)))
    files = {_group_folder(place, group) / f"{name}.yaml": place for place in conf_places()}
    (file, place), *others = [(file, place) for file, place in files.items() if file.is_file()]
    if others:
        raise ConfigError(f"{group}={name}: two files have this name, {file} and {others[0][0]}; rename one of them")
    return file, place


@CachedByPlace
def load_yaml(group: str, name: str) -> Mapping[str, Any]:
    """Return the content of GROUP/NAME.yaml. Raise ConfigError if there is no such file, more than one, or an error in it."""
    if given := given_parts().find(group, name):
        return given.declaration
    return read_declaration(yaml_place(group, name)[0])


def key_prefix(group: str, name: str) -> str:
    """Return what precedes the keys of a part: its group, and for transforms, of which a run may have several, its name."""
    return f"{group}.{name}" if group == LISTED_GROUP else group


def short_path(group: str, name: str) -> str:
    """Return the name of a YAML file for messages, for example conf/optimizer/adam.yaml."""
    return f"{group}={name}" if given_parts().find(group, name) else "/".join(yaml_place(group, name)[0].parts[-3:])


def native_names(group: str) -> list[str]:
    """Return the names of the YAMLs in a group that wrap no rule of another library, sorted."""
    return [name for name in names(group) if not wraps(group, name)]


def wraps(group: str, name: str) -> bool:
    """Return whether a YAML wraps a rule of another library."""
    try:
        return "wraps" in load_yaml(group, name)
    except ConfigError:  # a broken YAML must not hide others
        return False


def family(optimizer: str) -> str:
    """Return the kind of rule that an optimizer's YAML names, or `other` if it names none or cannot be read."""
    try:
        return str(load_yaml("optimizer", optimizer).get("family", "other"))
    except ConfigError:  # a broken YAML must not hide others
        return "other"


def targets(config: RunConfig) -> tuple[float, ...]:
    """Return the losses to be reached, as listed in the YAML of the problem, or of the data set if the problem lists none."""
    listed = load_yaml("problem", config.problem.name).get("targets")
    if listed is None and config.dataset:
        listed = load_yaml("dataset", config.dataset.name).get("targets")
    return tuple(float(target) for target in listed or [])


def require_sound(chosen: Mapping[str, str | Sequence[str]]) -> None:
    """Raise ConfigError if one of the chosen YAMLs (group → name or names) has an error."""
    for group in sorted(groups() & chosen.keys()):
        given = chosen[group]
        for name in [given] if isinstance(given, str) else given:
            if name in names(group):  # Hydra reports an unknown name
                load_yaml(group, name)


def require_readable() -> None:
    """Raise ConfigError for the first YAML of a part that has an error."""
    for group in sorted(groups()):
        for name in names(group):
            load_yaml(group, name)


def describe_unknown(group: str, name: str, known: Sequence[str]) -> str:
    """Return the error message for an unknown name, with the known names, except for those of other libraries."""
    listed = native_names(group) if group in groups() else known
    remedy = hint(closest(name, known), f"choose one of {abridge(name, listed)}")
    return f"{group}={display(name)}: there is no such {group}; {remedy}"


def load_experiment(name: str) -> Mapping[str, Any]:
    """Return the content of an experiment's YAML. Raise ConfigError if the file cannot be read or holds no keys."""
    file, _ = yaml_place(EXPERIMENT, name)
    try:
        content = yaml_content(file)
    except ValueError as error:
        raise ConfigError(f"experiment={name}: its YAML cannot be read ({display(error)}); correct that file") from error
    if not isinstance(content, dict):
        raise ConfigError(f"experiment={name}: its YAML holds no keys; write `key: value` lines")
    return content


def _group_folder(place: ConfPlace, group: str) -> Path:
    return place.experiments if group == EXPERIMENT else place.folder / group
