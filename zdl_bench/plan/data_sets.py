"""The search on this machine for the data set that a composed config names."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zdl_bench.errors import DataError, require
from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.part_types import typed_value, whole
from zdl_bench.run.config import Choice

if TYPE_CHECKING:
    from zdl_bench.datasets.dataset import DataSet


OWN_TYPES = {
    "path": str | None,
    "label": str | None,
    "test_share": float,
    "split_seed": int,
    "standardize": bool,
}
"""The types of the keys that a user's own data have."""


@dataclass(frozen=True)
class DataSetInUse:
    """A data set that runs of this sweep use.

    train_size: number of training images, without the images for validation. asked_for: the name in the config. passed_over:
    the candidates before this data set, each with the reason why it is not available.
    """

    choice: Choice
    train_size: int
    dataset: "DataSet"
    asked_for: str
    passed_over: Mapping[str, str]


def find_data_set(given: Mapping[str, Any], predicts: str) -> DataSetInUse:
    """Return the data set that the settings name. If that data set lists candidates, return the first available candidate.

    predicts: the kind of labels that the problem needs.

    Raise ConfigError for a wrong setting, DataError for missing data.
    """
    settings = dict(given)
    if isinstance(settings.get("dir"), str):
        settings["dir"] = os.path.expanduser(settings["dir"])  # a shell leaves the ~ of dataset.dir=~/mnist as it is
    _require_types(settings)
    passed_over: dict[str, str] = {}
    if "candidates" in settings:
        settings, passed_over = _first_available(settings)
    name = settings["name"]
    dataset = registry.dataset(name, settings)
    dataset.open(predicts)
    size = whole(settings["validation_size"])
    size = dataset.default_validation_size() if size is None else size
    fits = type(size) is int and 0 <= size < dataset.train_size
    require(
        "dataset.validation_size",
        size,
        fits,
        f"{name} has {dataset.train_size} training images in all; give a whole number from 0 to {dataset.train_size - 1}",
    )
    assert isinstance(size, int)
    choice = Choice(name, dataset.keep(size), dataset.source)
    return DataSetInUse(choice, dataset.train_size - size, dataset, given["name"], passed_over)


def _require_types(settings: dict[str, Any]) -> None:
    """Raise ConfigError if a key that the user changed has a wrong type. Replace integers by floats where these are due."""
    yaml = conf_files.load_yaml("dataset", settings["name"])
    changed = {key: settings[key] for key in ("dir", "mirrors") if key in yaml and settings[key] != yaml[key]}
    if "dir" in changed:
        folder = changed["dir"]
        require(
            "dataset.dir", folder, isinstance(folder, str) and bool(folder), "this is not a path; give the path of a folder"
        )
    for key, kind in OWN_TYPES.items():
        if key in yaml:
            settings[key] = typed_value(f"dataset.{key}", whole(settings[key]) if kind is int else settings[key], kind)
    if "mirrors" in changed:
        mirrors = changed["mirrors"]
        are_addresses = isinstance(mirrors, list) and all(re.match("https?://[^/]", str(one)) for one in mirrors)
        require(
            "dataset.mirrors", mirrors, are_addresses, "this is not a list of addresses; give one, as [https://host/folder/]"
        )


def _first_available(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings of the first available candidate, and the reasons why the candidates before it are not available."""
    passed_over: dict[str, str] = {}
    for name in settings["candidates"]:
        yaml = dict(conf_files.load_yaml("dataset", name))
        given = {key: settings[key] for key in ("dir", "validation_size") if key in yaml and settings[key] is not None}
        dataset = registry.dataset(name, yaml | given)
        try:
            if "dir" not in given:  # if the user gives a folder, no other candidate replaces the data set there
                dataset.require_at_hand()
        except DataError as error:
            passed_over[name] = str(error)
        else:
            return yaml | given, passed_over
    candidates = ", ".join(settings["candidates"])
    raise DataError(f"dataset={settings['name']}: none of {candidates} is available; set ZDL_BENCH_DATA to the folder of one")
