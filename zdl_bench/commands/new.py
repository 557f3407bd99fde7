"""`new`: write the files of an own part, which runs at once."""

import keyword
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from string import Template

from zdl_bench.api.labels import aligned
from zdl_bench.commands.parser import CommandParser
from zdl_bench.errors import ConfigError, require
from zdl_bench.language import translatable
from zdl_bench.plan.command_names import NEW_KINDS
from zdl_bench.registry import conf_files
from zdl_bench.registry.conf_places import named_folders

DEFAULT_FOLDER = "conf"
WRITTEN, RUN, TEST = NEW_LABELS = (translatable("written:"), translatable("run:"), translatable("test:"))
PART_TEMPLATES = Path(__file__).parent / "templates"
PART_NAME = re.compile(r"[a-z][a-z0-9_]*")
TEST_KEYS = {
    "optimizer": ("problem=bowl", "lr=0.1", "steps=200"),
    "problem": ("optimizer=adam", "lr=0.05", "steps=300"),
    "schedule": ("problem=bowl", "lr=0.1", "steps=200"),
    "transform": ("problem=bowl", "lr=0.1", "steps=200"),
}
"""The keys of a run that shows that a new part learns."""


def main(arguments: Sequence[str]) -> int:
    """Write the class, the YAML and the test of a new part, print their names and the command that uses it; return 0."""
    parser = CommandParser("new", "write an own part with its test; edit them after that")
    parser.add_argument("kind", choices=NEW_KINDS, metavar="KIND", help=", ".join(NEW_KINDS))
    parser.add_argument("name", metavar="NAME", help="the new name, for example my_rule, as in optimizer=my_rule")
    options = parser.parse_args(arguments)
    kind, name = options.kind, options.name
    is_name = PART_NAME.fullmatch(name) is not None and not keyword.iskeyword(name)
    require("NAME", name, is_name, "give a name of lower-case letters, digits and _, for example my_rule")
    folder = Path(options.config_dir or _default_folder()).expanduser()
    if folder.resolve() == conf_files.CONF.resolve():
        raise ConfigError(f"{folder}: this folder is zdl_bench's own; name one of yours with --config-dir DIR")
    label = aligned(NEW_LABELS)
    for path in write_part(folder, kind, name):
        print(f"{label[WRITTEN]}{path}")
    print(label[RUN] + shlex.join(["python", "-m", "zdl_bench", "--config-dir", str(folder), _choice(kind, name)]))
    print(label[TEST] + shlex.join(["python", "-m", "pytest", str(folder / kind / f"test_{kind}_{name}.py")]))
    return 0


def write_part(folder: Path, kind: str, name: str) -> list[Path]:
    """Write NAME.py, NAME.yaml and test_KIND_NAME.py to the subfolder `kind`, and return their paths.

    Raise ConfigError, and write nothing, if the name is taken or one of the files exists.
    """
    texts = {
        folder / kind / f"{name}.py": f"{kind}.py.txt",
        folder / kind / f"{name}.yaml": f"{kind}.yaml.txt",
        folder / kind / f"test_{kind}_{name}.py": "test.py.txt",
    }
    for path in texts:
        if os.path.lexists(path):
            raise ConfigError(f"{path}: this file exists, and nothing is written; choose another name, or remove the file")
    (folder / kind).mkdir(parents=True, exist_ok=True)
    if name in conf_files.names(kind):
        raise ConfigError(f"{kind}={name}: this name is taken, and nothing is written; choose another name")
    words = {
        "choice": _choice(kind, name),
        "name": name,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "keys": ", ".join(f'"{key}"' for key in TEST_KEYS[kind]),
    }
    for path, template in texts.items():
        text = Template((PART_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return list(texts)


def _choice(kind: str, name: str) -> str:
    """Return the key of a run that chooses the part. A run has a list of transforms."""
    return f"{kind}=[{name}]" if kind == conf_files.LISTED_GROUP else f"{kind}={name}"


def _default_folder() -> Path:
    """Return the first folder of ZDL_BENCH_CONF, or conf in the current folder."""
    return next(iter(named_folders()), Path(DEFAULT_FOLDER))
