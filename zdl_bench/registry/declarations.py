"""The YAML of a part, `conf/GROUP/NAME.yaml`: read, and checked before anything is made of it.

Each slip is one line with the file and the key.
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
"""What PyYAML raises besides its own errors, for texts that are no UTF-8 and values that do not fit a tag, as `!!bool x`."""
COLOR = re.compile(r"#[0-9a-fA-F]{6}")
MARKERS = frozenset("ov^<>8sp*hHDdPX.,1234+x|_")
"""Those of matplotlib that are one character."""


class _Loader(yaml.SafeLoader):
    """Reads 1e-3 as a number and refuses a key that is given twice, as Hydra does; PyYAML alone does neither."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        given: set[Any] = set()
        for key, _ in node.value:
            if key.value in given:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            given |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


def yaml_content(path: Path) -> Any:
    """What a YAML file says. Raises ValueError with the reason if it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes; write less")
        content = _Loader(path.read_text(encoding="utf-8")).get_single_data()
        require_bounded(content)
    except UnicodeDecodeError as error:
        raise ValueError(f"its bytes are no UTF-8 (at {error.start}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem}") from error
    except (OSError, yaml.YAMLError, RecursionError, *BAD_TAGS) as error:
        raise ValueError(" ".join(str(error).split())) from error
    return content


def read_declaration(path: Path) -> Mapping[str, Any]:
    """The content of a part's YAML. Raises ConfigError that names the file and the key."""
    try:
        content = yaml_content(path)
    except ValueError as error:
        raise ConfigError(f"{name_of(path)}: it cannot be read: {display(error)}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{name_of(path)}: it holds no keys; write `key: value` lines, _target_ and name among them")
    for key, value in content.items():
        try:
            require_no_reference(value)
        except ConfigError as error:
            raise ConfigError(f"{name_of(path)}: {key}={error}") from error
    for key, (holds, remedy) in _requirements(path, content).items():
        if not holds:
            given = f"{key}={display(content[key])}" if key in content else f"{key} is missing"
            raise ConfigError(f"{name_of(path)}: {given}: {remedy}")
    return content


def name_of(path: Path) -> str:
    """A part's YAML as a person would name it."""
    return "/".join(path.parts[-3:])


def _requirements(path: Path, content: Mapping[str, Any]) -> dict[str, tuple[bool, str]]:
    """Key → whether its value is sound, and what to write if it is not."""
    group = path.parent.name
    required = {
        "_target_": (_is_dotted(content.get("_target_")), "name a class as MODULE.CLASS"),
        "name": (content.get("name") == path.stem, f"write name: {path.stem}, the name of the file"),
        "source": ("source" not in content, "choose another word; this one names the code of a part"),
        "targets": (_are_numbers(content.get("targets", [])), "list the losses to be reached, for example [1.0, 0.5]"),
        "style": (_is_style(content.get("style")), "give both, for example {color: '#882255', marker: '*'}"),
    }
    if group == "optimizer":
        rate = content.get("default_lr", math.nan)
        sound = rate is None or (_is_number(rate) and 0 < rate < math.inf)
        required["default_lr"] = (
            sound,
            "give a number above 0 for runs without lr=…, or null if the rule has no learning rate",
        )
    if group == "dataset" and "candidates" not in content:
        size = content.get("validation_size")
        required["validation_size"] = (type(size) is int and size >= 0, "give the number of training images that validate")
    return required


def _is_dotted(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(\w+\.)+\w+", value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(_is_number(item) for item in value)


def _is_style(value: Any) -> bool:
    """Whether it has a color and a marker that every figure can draw, or says nothing."""
    if not value:
        return True
    if not isinstance(value, dict) or value.keys() != {"color", "marker"}:
        return False
    color = value["color"]
    return isinstance(color, str) and COLOR.fullmatch(color) is not None and str(value["marker"]) in MARKERS
