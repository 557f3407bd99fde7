"""Hands arguments to Hydra, and Hydra's complaints to the user in one or two lines."""

import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from zdl_bench import registry
from zdl_bench.errors import LONGEST_SHOWN, ConfigError, ZdlBenchError, shown
from zdl_bench.experiment import named_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdl_bench.hydra_plugin.composer import Plain
    from zdl_bench.hydra_plugin.launcher import BatchFunction

COMMANDS = ("report", "verify", "ls")
MULTIRUN_FLAGS = ("-m", "--multirun")
OF_HYDRA = re.compile(r"[+~]*hydra\b|[^=]*@hydra\b")
OPEN_IN_HYDRA = re.compile(r"[+~]*hydra(/(sweeper|launcher)=[\w,-]+$|\.(sweeper|launcher)\b)")
"""Who brings another sweeper chooses it and sets its keys; Hydra's folders, logs and callbacks would write beside the store."""


class InternalError(Exception):
    """Carries a bug of the project through what explains Hydra's exceptions."""


def run_hydra(arguments: Sequence[str], batch_function: "BatchFunction") -> None:
    """Composes what the arguments ask for and calls the batch function with it; or prints help, config or completions.

    Raises ConfigError for arguments that cannot be composed. Exits with 0 where Hydra does, after `--help`.
    """
    _require_own_keys(arguments)
    _let_hydra_find_the_plugins()
    import hydra
    from omegaconf import DictConfig

    from zdl_bench.config import register_schema
    from zdl_bench.hydra_plugin.composer import plain_values

    register_schema()
    single: list[DictConfig] = []

    def task(composed: "DictConfig | Sequence[Plain]") -> "Sequence[float] | None":
        if isinstance(composed, DictConfig):  # one run without -m: Hydra has composed it itself
            single.append(composed)
            return None
        try:
            return batch_function(composed)
        except ZdlBenchError:
            raise
        except Exception as error:  # ours, not Hydra's word for wrong input
            raise InternalError from error

    main = hydra.main(version_base="1.3", config_path=str(registry.CONF), config_name="config")(task)
    with _as_command_line([*_flags_first(arguments), *_choices_of_experiment(arguments)]), _plain_messages():
        main()
    if single:
        batch_function([plain_values(config) for config in single])


def compose_once(arguments: Sequence[str]) -> "Plain":
    """The config that the overrides among the arguments give, as plain values. Raises ConfigError."""
    _require_own_keys(arguments)
    _let_hydra_find_the_plugins()
    from hydra import compose, initialize_config_dir

    from zdl_bench.config import register_schema
    from zdl_bench.hydra_plugin.composer import plain_values

    register_schema()
    if any(argument in MULTIRUN_FLAGS or argument.startswith("experiment=") for argument in arguments):
        raise ConfigError("--cfg: it shows the config of one run; leave out -m, lists and the experiment")
    overrides = [argument for argument in arguments if "=" in argument and not argument.startswith("-")]
    with _plain_messages(), initialize_config_dir(str(registry.CONF), version_base="1.3"):
        return plain_values(compose("config", overrides))


def _require_own_keys(arguments: Sequence[str]) -> None:
    """Raises ConfigError for a key or a flag of Hydra's own that is not open."""
    for argument in arguments:
        if argument.startswith("--e"):  # --experimental-rerun and its abbreviations
            raise ConfigError(f"{shown(argument)}: it would load a pickle; type the command of the run again instead")
        if OF_HYDRA.match(argument) and not OPEN_IN_HYDRA.match(argument):
            raise ConfigError(
                f"{shown(argument)}: Hydra's own folders, logs and callbacks are off; results go to results_dir=DIR, and of "
                "Hydra's keys there are hydra/sweeper, hydra/launcher and theirs"
            )


def _let_hydra_find_the_plugins() -> None:
    """Puts the folder of our `hydra_plugins` on the path, before Hydra is imported."""
    folder = str(Path(__file__).parent / "discovery")
    if folder not in sys.path:
        sys.path.append(folder)


def _flags_first(arguments: Sequence[str]) -> list[str]:
    """`-m` may stand anywhere, and an experiment is a sweep with or without it."""
    flags = [argument for argument in arguments if argument in MULTIRUN_FLAGS]
    others = [argument for argument in arguments if argument not in MULTIRUN_FLAGS]
    has_other_command = any(argument.startswith("-") for argument in others)
    if any(argument.startswith("experiment=") for argument in others) and not has_other_command:
        flags = flags or ["-m"]
    return [*flags[:1], *others]


def _choices_of_experiment(arguments: Sequence[str]) -> list[str]:
    """What the experiment chooses for all of its runs, as overrides: Hydra checks keys of the command line before it comes to
    the sweeper, and a key of the problem has to meet the problem that the experiment is about.
    """
    if any(argument.startswith("experiment.") for argument in arguments):
        raise ConfigError("experiment: its own keys are those of its YAML; give keys of a run instead, as seed=0")
    name = named_in(arguments) or ""
    if name not in {path.stem for path in registry.EXPERIMENTS.glob("*.yaml")}:
        if re.fullmatch(r"[\w-]+", name):
            raise ConfigError(_unknown_choice("experiment", name))
        return []
    content = registry.load_experiment(name)
    fixed, blocks = content.get("fixed", {}), content.get("blocks", [])
    varied = {key for block in blocks if isinstance(block, dict) for key in block} if isinstance(blocks, list) else set()
    given = {argument.partition("=")[0] for argument in arguments}
    choices = fixed.items() if isinstance(fixed, dict) else []
    return [f"{k}={v}" for k, v in choices if (registry.CONF / k).is_dir() and k not in varied | given and isinstance(v, str)]


@contextmanager
def _as_command_line(arguments: list[str]) -> "Iterator[None]":
    """Hydra reads sys.argv, and lets exceptions through only when told to."""
    argv, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [argv[0], *arguments], "1"
    try:
        yield
    finally:
        sys.argv = argv
        os.environ.pop("HYDRA_FULL_ERROR")
        if full_error is not None:
            os.environ["HYDRA_FULL_ERROR"] = full_error


@contextmanager
def _plain_messages() -> "Iterator[None]":
    """Turns the exceptions of Hydra and OmegaConf into ConfigErrors."""
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
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(_explained(error)) from error
    except Exception as error:
        if _was_raised_here(error):
            raise
        given = shown(" ".join(sys.argv[1:])[-LONGEST_SHOWN:])  # what Hydra and its parsers stumble over is wrong input, too
        raise ConfigError(f"{given}: this cannot be read ({type(error).__name__}); look for a stray sign or bracket") from error


def _was_raised_here(error: BaseException) -> bool:
    """Whether the project's own code raised it, rather than a library that was given a user's words."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and Path(frames[-1][0].f_code.co_filename).is_relative_to(registry.PACKAGE)


def _explained(error: BaseException) -> str:
    text, cause = str(error), str(error.__cause__ or "")
    explanation = "; ".join([shown(line.strip()) for line in text.splitlines() if line.strip()][:2]) or type(error).__name__
    if found := re.search(r"Could not (?:find|load) '([\w/]+)/([^']*)'", text):
        explanation = _unknown_choice(*found.groups())
    elif found := re.search(r"Could not override '([^']+)'", text):
        explanation = _unknown_key(found[1])
    elif found := re.search(r"Error merging override (.+)", text):
        explanation = f"{shown(found[1])}: {shown((cause.splitlines() or ['it does not fit'])[0])}; see the keys with --help"
    elif found := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '([^']+)'", text):
        explanation = f"{shown(found[1])}: several values are a sweep; put -m before them, or write a list as key=[a,b]"
    elif "integer string conversion" in text:
        explanation = "an integer has thousands of digits; write a number as 1e9"
    elif type(error).__name__ == "OverrideParseException":
        explanation = _unreadable(str(getattr(error, "override", "")))
    return explanation


def _unreadable(argument: str) -> str:
    if re.fullmatch(r"[\w-]+", argument):
        return f"{argument}: there is no such command; write key=value for a run, or {', '.join(COMMANDS)}"
    return f"{shown(argument)}: this is no key=value that can be read; look for a stray comma, bracket or quote"


def _unknown_choice(group: str, name: str) -> str:
    known = sorted(path.stem for path in registry.EXPERIMENTS.glob("*.yaml"))
    known = known if group == "experiment" else registry.names(group)
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{group}={shown(name)}: there is no such {group}; {hint}Choose one of {', '.join(known)}"


def _unknown_key(key: str) -> str:
    from zdl_bench.config import TOP_LEVEL_KEYS

    group, _, part = key.partition(".")
    if part and (registry.CONF / group).is_dir():
        return f"{shown(key)}: the chosen {group} has no key {shown(part)}; see its keys with --cfg job"
    close = get_close_matches(key, TOP_LEVEL_KEYS, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{shown(key)}: there is no such key; {hint}The keys are {', '.join(TOP_LEVEL_KEYS)}"
