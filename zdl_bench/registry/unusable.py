"""The parts and experiments from outside this package that cannot be used. They stop nothing as long as nobody chooses them."""

from collections.abc import Iterator

from zdl_bench.errors import ConfigError
from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.conf_places import EXPERIMENT, outside_places, unusable_entry_points
from zdl_bench.run.config import Choice


def unusable_parts() -> list[str]:
    """Return a line for each of them, with its file, key and remedy. The classes that the YAMLs name are imported."""
    lines = unusable_entry_points()
    for group, name in _parts_from_outside():
        try:
            _require_usable(group, name)
        except ConfigError as error:
            lines.append(str(error))
    return lines


def _parts_from_outside() -> Iterator[tuple[str, str]]:
    places = outside_places()
    for group in [*sorted(conf_files.groups()), EXPERIMENT]:
        folders = [place.experiments if group == EXPERIMENT else place.folder / group for place in places]
        yield from ((group, name) for name in sorted({path.stem for folder in folders for path in folder.glob("*.yaml")}))


def _require_usable(group: str, name: str) -> None:
    if group == EXPERIMENT:
        conf_files.load_experiment(name)
    elif group == "dataset":
        registry.dataset(name)
    else:
        content = conf_files.load_yaml(group, name)
        values = {key: content[key] for key in registry.given_keys(group, name)}
        given = {"inner": registry.optimizer(Choice("sgd"))} if group == conf_files.LISTED_GROUP else {}
        registry.build_part(group, registry.choice(group, name, values), **given)
