"""The search on this machine for the data set of a composed config."""

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

    settings: the keys of its YAML, updated with the given keys. train_size: number of images, without those for validation.
    passed_over: candidates that come before this data set, each with the reason why it is not available.
    """

    choice: Choice
    train_size: int
    settings: Mapping[str, Any]
    asked_for: str
    passed_over: Mapping[str, str]


def find_data_set(given: Mapping[str, Any]) -> DataSetInUse:
    """Return the data set of these settings, or its first candidate that is available. Raise ConfigError or DataError."""
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
    require("dataset.validation_size", size, fits, f"{name} has {dataset.train_size} images; take fewer for validation")
    choice = Choice(name, {"checksum": dataset.checksum, "validation_size": size}, dataset.source)
    return DataSetInUse(choice, dataset.train_size - size, settings, given["name"], passed_over)


def _require_types(settings: Mapping[str, Any]) -> None:
    """Raise ConfigError if `dir` or `mirrors` was changed and has a wrong type."""
    yaml = conf_files.load_yaml("dataset", settings["name"])
    changed = {key: settings[key] for key in ("dir", "mirrors") if key in yaml and settings[key] != yaml[key]}
    if "dir" in changed:
        folder = changed["dir"]
        require("dataset.dir", folder, isinstance(folder, str) and bool(folder), "it has to be the name of a folder")
    if "mirrors" in changed:
        mirrors = changed["mirrors"]
        are_addresses = isinstance(mirrors, list) and all(re.match("https?://[^/]", str(one)) for one in mirrors)
        require(
            "dataset.mirrors", mirrors, are_addresses, "it has to be a list of addresses, for example [https://host/folder/]"
        )


def _first_available(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings of the first available candidate, and the reasons why the candidates before it are not available."""
    passed_over: dict[str, str] = {}
    for name in settings["candidates"]:
        yaml = dict(conf_files.load_yaml("dataset", name))
        given = {key: settings[key] for key in ("dir", "validation_size") if key in yaml and settings[key] is not None}
        dataset = registry.dataset(name, yaml | given)
        try:
            if "dir" not in given:  # a given folder is the only place to look, and no candidate stands in for it
                dataset.require_at_hand()
        except DataError as error:
            passed_over[name] = str(error)
        else:
            return yaml | given, passed_over
    candidates = ", ".join(settings["candidates"])
    raise DataError(f"dataset={settings['name']}: none of {candidates} is available; set ZDL_BENCH_DATA to its folder")
