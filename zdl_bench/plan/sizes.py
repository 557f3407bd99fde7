"""Default sizes that are too large for a small data set, and what takes their place."""

from collections.abc import Mapping
from typing import Any

from zdl_bench.errors import require
from zdl_bench.language import translate
from zdl_bench.registry import conf_files
from zdl_bench.registry.declarations import yaml_content


def fitting_sizes(composed: Mapping[str, Any], train_size: int) -> tuple[dict[str, Any], list[str]]:
    """Return a config whose default sizes are at most the number of training images, and a sentence for each that shrank.

    A size that the user gave is not changed. Raise ConfigError if `probe.images` does not fit; the problem checks its own size.
    """
    fitted, sentences = dict(composed), []
    for group, key in (("problem", "batch_size"), ("probe", "images")):
        given = composed[group].get(key)
        if given is not None and given > train_size and given == (default := _default(group, key, composed)):
            fitted[group] = {**fitted[group], key: train_size}
            sentence = translate(
                "{group}.{key}={size}: the default {default} is more than all examples for training",
                group=group,
                key=key,
                size=train_size,
                default=default,
            )
            sentences.append(sentence)
    images = fitted["probe"]["images"]
    require("probe.images", images, images <= train_size, f"the training set has only {train_size} images; give fewer")
    return fitted, sentences


def _default(group: str, key: str, composed: Mapping[str, Any]) -> Any:
    if group == "problem":
        return conf_files.load_yaml("problem", composed["problem"]["name"]).get(key)
    return yaml_content(conf_files.CONF / "config.yaml")[group][key]
