"""Reads the YAML of a part, `conf/GROUP/NAME.yaml`, and checks the content before the part is built.

Each error is reported on one line with the file and the key.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from zdl_bench.errors import ConfigError, display
from zdl_bench.run.untrusted import require_bounded, require_no_reference

MAX_BYTES = 1_000_000
BAD_TAGS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""Python's own exceptions, which PyYAML lets through if a value does not fit its tag, for example `!!bool x`."""
HEX_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
MARKERS = frozenset("ov^<>8sp*hHDdPX.,1234+x|_")
"""The markers of matplotlib that consist of one character."""


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads 1e-3 as a number and rejects a key that is given twice, as Hydra does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        given: set[Any] = set()
        for key, _ in node.value:
            if key.value in given:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            given |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


def yaml_content(path: Path) -> Any:
    """Return the content of a YAML file. Raise ValueError, with the reason, if the file cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"the file has more than {MAX_BYTES:,} bytes; shorten it")
        content = _Loader(path.read_text(encoding="utf-8")).get_single_data()
        require_bounded(content)
    except UnicodeDecodeError as error:
        raise ValueError(f"the file is not UTF-8 text (see byte {error.start}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem}") from error
    except (OSError, yaml.YAMLError, RecursionError, *BAD_TAGS) as error:
        raise ValueError(" ".join(str(error).split())) from error
    return content


def read_declaration(path: Path) -> Mapping[str, Any]:
    """Return the content of a part's YAML. If the YAML has an error, raise ConfigError, which names the file and the key."""
    group, file = path.parent.name, "/".join(path.parts[-3:])
    try:
        content = yaml_content(path)
    except ValueError as error:
        raise ConfigError(f"{file}: this file cannot be read ({display(error)}); correct it") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file}: this file holds no keys; write `key: value` lines, including _target_ and name")
    for key, value in content.items():
        try:
            require_no_reference(value)
        except ConfigError as error:
            raise ConfigError(f"{file}: {key}={error}") from error
    for key, (holds, remedy) in _requirements(group, path.stem, content).items():
        if not holds:
            given = f"{key}={display(content[key])}" if key in content else f"{key} is missing"
            raise ConfigError(f"{file}: {given}: {remedy}")
    return content


def _requirements(group: str, name: str, content: Mapping[str, Any]) -> dict[str, tuple[bool, str]]:
    """Return key → (whether the value of the key is valid, what to write if the value is not valid)."""
    target, targets = content.get("_target_"), content.get("targets", [])
    are_numbers = isinstance(targets, list) and all(map(_is_number, targets))
    requirements = {
        "_target_": (_is_dotted(target), "name a class as MODULE.CLASS"),
        "wraps": (_is_dotted(content.get("wraps", target)), "name a rule of the library as MODULE.RULE"),
        "name": (content.get("name") == name, f"write name: {name}, as in the name of the file"),
        "display_name": (
            _is_display_name(content.get("display_name", name)),
            "give the name for readers on one line, such as Adam",
        ),
        "family": (
            _is_display_name(content.get("family", name)),
            "name the kind of rule on one line, such as adaptive; figures give a family one hue",
        ),
        "defaults": ("defaults" not in content, "write all keys here; no other file is read for a part"),
        "source": ("source" not in content, "choose another key; source is reserved for the code of a part"),
        "targets": (are_numbers, "give a list of the losses to be reached, for example [1.0, 0.5]"),
        "style": (_is_style(content.get("style")), "give a color and a marker, for example {color: '#882255', marker: '*'}"),
    }
    if group == "optimizer":
        rate = content.get("default_lr", math.nan)
        is_rate = rate is None or (_is_number(rate) and 0 < rate < math.inf)
        remedy = "give a number above 0 for runs without lr=…, or null if the rule has no learning rate"
        requirements["default_lr"] = (is_rate, remedy)
    if group == "dataset" and "candidates" not in content:
        size = content.get("validation_size")
        is_size = (type(size) is int and size >= 0) or (size is None and "path" in content)
        requirements["validation_size"] = (is_size, "give the number of training images to use for validation")
    return requirements


def _is_dotted(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(\w+\.)+\w+", value) is not None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_display_name(value: Any) -> bool:
    """Return whether a name for readers fits into a legend: 1 to 60 printable characters."""
    return isinstance(value, str) and 1 <= len(value) <= 60 and value.isprintable() and value.strip() == value


def _is_style(value: Any) -> bool:
    """Return whether a style has a color and a marker that every figure can draw. A missing style is accepted."""
    if not value:
        return True
    if not isinstance(value, dict) or value.keys() != {"color", "marker"}:
        return False
    color = value["color"]
    return isinstance(color, str) and HEX_COLOR.fullmatch(color) is not None and str(value["marker"]) in MARKERS
