"""Explanations of the errors of Hydra and OmegaConf, each in one or two lines."""

import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import yaml
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from zdl_bench.errors import MAX_SHOWN, ConfigError, ZdlBenchError, closest, display, hint
from zdl_bench.plan.command_names import COMMAND_OPTIONS
from zdl_bench.plan.hydra_keys import unknown_sweeper
from zdl_bench.plan.keys import general_keys, unknown_key
from zdl_bench.registry import conf_files

OURS = __name__.partition(".")[0]
READERS = ("hydra", "omegaconf", "antlr4")
"""Packages that read what a user has typed."""


class InternalError(Exception):
    """A wrapper around the exception of a bug in the project. It keeps the bug from being reported as wrong input."""


@contextmanager
def plain_messages(typed: Sequence[str] = ()) -> Iterator[None]:
    """Turn exceptions of Hydra and OmegaConf about the typed arguments into ConfigErrors. Pass on the project's own errors."""
    try:
        yield
    except ZdlBenchError:
        raise
    except InternalError as error:
        raise error.__cause__ or error from None
    except RecursionError as error:
        raise ConfigError("a value is nested too deeply; write the value with fewer levels") from error
    except Exception as error:
        is_theirs = isinstance(error, HydraException | OmegaConfBaseException)
        if not is_theirs and not _is_about_input(error):
            raise
        _require_sound_yaml(error, typed)
        if is_theirs or isinstance(error, ValueError):
            raise ConfigError(_explain(error)) from error
        given = display(" ".join(typed)[-MAX_SHOWN:])  # other exceptions in a parser are also caused by wrong input
        reason = display(f"{type(error).__name__}: {error}")
        raise ConfigError(f"{given}: this cannot be read ({reason}); look for a stray character or bracket") from error


def misfit(override: str, error: OmegaConfBaseException) -> str:
    """Return the message for an override that OmegaConf rejects because it does not fit the schema."""
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        return _unknown_within(override.lstrip("+").partition("=")[0], error)
    reason = (str(error).splitlines() or ["the value does not fit"])[0]
    return f"{display(override)}: {display(reason)}; see the keys with --help"


def _unknown_within(key: str, error: BaseException | None) -> str:
    """Return the message for a key that OmegaConf does not know. For `problem={hiden:3}`, the message names problem.hiden."""
    within = re.search(rf"full_key: ({re.escape(key)}\.\S+)", str(error))
    return unknown_key(within[1] if within else key)


def _require_sound_yaml(error: BaseException, typed: Sequence[str]) -> None:
    """Raise ConfigError, with the name of the file, if the YAML of a part caused the error. The typed names come first."""
    if found := re.match(r"In '(\w+)/(\w+)':", str(error)):
        conf_files.require_sound({found[1]: found[2]})
    if isinstance(error, yaml.YAMLError | UnicodeDecodeError) or "interpolation" in str(error):
        for group, _, names in (argument.partition("=") for argument in typed):
            for name in names.split(","):
                conf_files.require_sound({group: name})
        conf_files.require_readable()


def _is_about_input(error: BaseException) -> bool:
    """Return whether Hydra or its parsers failed to read what a user typed.

    Return False if the operating system refused something, or if our own code called the library that failed.
    """
    if isinstance(error, OSError | MemoryError | ImportError):
        return False
    packages = [frame.f_globals.get("__name__", "").partition(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((package in READERS for package in reversed(packages) if package in (*READERS, OURS)), False)


def _explain(error: BaseException) -> str:
    text = str(error)
    if found := re.search(r"Could not (?:find|load) '([\w/]+)/([^']*)'", text):
        return _unknown_choice(found[1], found[2], text)
    if found := re.search(r"Could not override '([^']+)'", text):
        return _unknown_within(found[1], error.__cause__)
    found = re.search(r"Error merging override (.+)", text)
    if found and isinstance(error.__cause__, OmegaConfBaseException):
        return misfit(found[1], error.__cause__)
    if "integer string conversion" in text:
        return "an integer has thousands of digits; write a shorter number, for example 1e9"
    if isinstance(error, OverrideParseException):
        return _explain_unreadable(error.override)
    return "; ".join([display(line.strip()) for line in text.splitlines() if line.strip()][:2]) or type(error).__name__


def _unknown_choice(group: str, name: str, text: str) -> str:
    if group == "hydra/sweeper":
        return unknown_sweeper(name, re.findall(r"^\t(\w+)$", text, re.MULTILINE))
    return conf_files.describe_unknown(
        group, name, conf_files.experiment_names() if group == "experiment" else conf_files.names(group)
    )


def _explain_unreadable(argument: str) -> str:
    if argument in general_keys():
        return f"{argument}: a key needs a value; write {argument}=VALUE"
    if re.fullmatch(r"[\w-]+", argument):
        remedy = hint(closest(argument, COMMAND_OPTIONS), f"write key=value for a run, or one of {', '.join(COMMAND_OPTIONS)}")
        return f"{argument}: there is no such command; {remedy}"
    return f"{display(argument)}: this cannot be read as key=value; look for a stray comma, bracket or quote"
