"""Hydra's complaints, and OmegaConf's, in one or two lines."""

import re
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

import yaml

from zdl_bench.errors import MAX_SHOWN, ConfigError, ZdlBenchError, closest, display, hint
from zdl_bench.plan.foreign import unknown_sweeper
from zdl_bench.plan.keys import general_keys, unknown_key
from zdl_bench.registry import conf_files

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = __name__.partition(".")[0]
WHO_READS = ("hydra", "omegaconf", "antlr4")
"""Packages that read what a user has typed."""
COMMANDS = ("report", "verify", "ls", "bench")


class InternalError(Exception):
    """Carries a bug of the project through what explains Hydra's exceptions."""


@contextmanager
def plain_messages() -> "Iterator[None]":
    """Turns the exceptions of Hydra and OmegaConf into ConfigErrors; ours pass."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except ZdlBenchError:
        raise
    except InternalError as error:
        raise error.__cause__ or error from None
    except RecursionError as error:
        raise ConfigError("a value is nested too deeply to be read; write it flat") from error
    except (HydraException, OmegaConfBaseException) as error:
        _require_sound_yaml(error)
        raise ConfigError(_explained(error)) from error
    except Exception as error:
        if not _is_about_the_input(error):
            raise
        _require_sound_yaml(error)
        if isinstance(error, ValueError):
            raise ConfigError(_explained(error)) from error
        given = display(" ".join(sys.argv[1:])[-MAX_SHOWN:])  # what Hydra and its parsers stumble over is wrong input, too
        said = display(f"{type(error).__name__}: {error}")
        raise ConfigError(f"{given}: this cannot be read ({said}); look for a stray sign or bracket") from error


def _require_sound_yaml(error: BaseException) -> None:
    """Raises ConfigError that names the file if the YAML of a part is what Hydra stumbled over."""
    if found := re.match(r"In '(\w+)/(\w+)':", str(error)):
        conf_files.require_sound({found[1]: found[2]})
    if isinstance(error, yaml.YAMLError | UnicodeDecodeError) or "interpolation" in str(error):
        conf_files.require_readable()


def _is_about_the_input(error: BaseException) -> bool:
    """Whether Hydra and its parsers stumbled over a user's words; not if the system refused something, or if a library failed
    that our own code had called.
    """
    if isinstance(error, OSError | MemoryError | ImportError):
        return False
    packages = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((package in WHO_READS for package in reversed(packages) if package in (*WHO_READS, OURS)), False)


def _explained(error: BaseException) -> str:
    text, cause = str(error), str(error.__cause__ or "")
    explanation = "; ".join([display(line.strip()) for line in text.splitlines() if line.strip()][:2]) or type(error).__name__
    if found := re.search(r"Could not find 'hydra/sweeper/([^']*)'", text):
        explanation = unknown_sweeper(found[1], re.findall(r"^\t(\w+)$", text, re.MULTILINE))
    elif found := re.search(r"Could not (?:find|load) '([\w/]+)/([^']*)'", text):
        explanation = _unknown_choice(*found.groups())
    elif found := re.search(r"Could not override '([^']+)'", text):
        within = re.search(rf"full_key: ({re.escape(found[1])}\.\S+)", cause)  # of `problem={{hiden:3}}` the key within
        explanation = unknown_key(within[1] if within else found[1])
    elif found := re.search(r"Error merging override (.+)", text):
        explanation = (
            f"{display(found[1])}: {display((cause.splitlines() or ['it does not fit'])[0])}; see the keys with --help"
        )
    elif found := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '([^']+)'", text):
        explanation = _several_values(found[1])
    elif "integer string conversion" in text:
        explanation = "an integer has thousands of digits; write a number as 1e9"
    elif type(error).__name__ == "OverrideParseException":
        explanation = _unreadable(str(getattr(error, "override", "")))
    return explanation


def _several_values(argument: str) -> str:
    from zdl_bench.plan.config import declared_type

    key = argument.partition("=")[0].lstrip("+")
    if declared_type(key) in (str, str | None):
        return f"{display(argument)}: a comma separates values; quote the text: \"{key}='…'\""
    return f"{display(argument)}: several values are a sweep; put -m before them, or write a list as 'key=[a,b]'"


def _unreadable(argument: str) -> str:
    if argument in general_keys():
        return f"{argument}: a key has a value; write {argument}=VALUE"
    if re.fullmatch(r"[\w-]+", argument):
        remedy = hint(closest(argument, COMMANDS), f"write key=value for a run, or {', '.join(COMMANDS)}")
        return f"{argument}: there is no such command; {remedy}"
    return f"{display(argument)}: this is no key=value that can be read; look for a stray comma, bracket or quote"


def _unknown_choice(group: str, name: str) -> str:
    return conf_files.describe_unknown(
        group, name, conf_files.experiment_names() if group == "experiment" else conf_files.names(group)
    )
