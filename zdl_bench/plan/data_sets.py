"""The search on this machine for the data set that a composed config names."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zdl_bench.errors import DataError, require
from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.part_types import whole
from zdl_bench.run.config import Choice


@dataclass(frozen=True)
class DataSetInUse:
    """A data set that runs of this sweep use.

    train_size: number of training images, without the images for validation. settings: the keys of the data set's YAML, with
    the values that the user has changed. asked_for: the name in the config. passed_over: the candidates before this data set,
    each with the reason why it is not available.
    """

    choice: Choice
    train_size: int
    settings: Mapping[str, Any]
    asked_for: str
    passed_over: Mapping[str, str]


def find_data_set(given: Mapping[str, Any]) -> DataSetInUse:
    """Return the data set that the settings name. If that data set lists candidates, return the first available candidate.

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
    dataset.require_location()
    size = whole(settings["validation_size"])
    fits = type(size) is int and 0 <= size < dataset.train_size
    require(
        "dataset.validation_size",
        size,
        fits,
        f"{name} has {dataset.train_size} training images in all; give a whole number from 0 to {dataset.train_size - 1}",
    )
    choice = Choice(name, {"checksum": dataset.checksum, "validation_size": size}, dataset.source)
    return DataSetInUse(choice, dataset.train_size - size, settings, given["name"], passed_over)


def _require_types(settings: Mapping[str, Any]) -> None:
    """Raise ConfigError if `dir` or `mirrors` was changed and has a wrong type."""
    yaml = conf_files.load_yaml("dataset", settings["name"])
    changed = {key: settings[key] for key in ("dir", "mirrors") if key in yaml and settings[key] != yaml[key]}
    if "dir" in changed:
        folder = changed["dir"]
        require(
            "dataset.dir", folder, isinstance(folder, str) and bool(folder), "this is not a path; give the path of a folder"
        )
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
