"""The text of `--help`. It is written without Hydra, because Hydra takes a second to print its own help."""

from textwrap import TextWrapper

from zdl_bench.plan.keys import part_keys
from zdl_bench.registry import conf_files
from zdl_bench.registry.unusable import unusable_parts

COMMANDS_HELP = """\
zdl_bench: which optimizer, at which learning rate, learns faster and steadier, and how sure can we be?

python -m zdl_bench [KEY=VALUE ...]               train one run
python -m zdl_bench -m KEY=V1,V2 ...              train a sweep: one run for every combination of the values
python -m zdl_bench -m experiment=NAME            train the runs of a named experiment
python -m zdl_bench report [SWEEP]                build figures, tables and page from stored runs
python -m zdl_bench verify [SWEEP] [--runs N]     train stored runs again and compare them bit for bit
python -m zdl_bench ls                            list the sweeps in the store
python -m zdl_bench compare A [B]                 show what differs between two sweeps, and whether B got worse
python -m zdl_bench merge STORE ...               take over the runs and sweeps of other stores, each run checked
python -m zdl_bench export [SWEEP] [--to DIR]     write runs, curves and probes to files for other programs
python -m zdl_bench rm SWEEP                      remove a sweep, and the runs that no other sweep needs
python -m zdl_bench bench [KEY=VALUE ...]         measure this machine and time the parts of a training step
python -m zdl_bench conform optimizer=A against=B find the step at which two optimizers part, and the key that explains it
python -m zdl_bench new KIND NAME                 write an own optimizer, transform, problem or schedule, with a test
All commands with a store take --results DIR, its folder; the default is results.
"""
FLAGS_HELP = """\
-m, --multirun               train a sweep: one run for every combination of the values in lists and ranges
--cfg job [KEY=VALUE ...]    print the config of one run, with the defaults of its parts, for example of optimizer=adam
-sc install=bash             print the tab completion of `zdl-bench`, for `eval "$(zdl-bench -sc install=bash)"`
--config-dir DIR             find parts and experiments in this folder, too; ZDL_BENCH_CONF names several
--version                    print the version of this program
--hydra-help                 print Hydra's own flags
"""
BENCH = """\
usage: zdl-bench bench [KEY=VALUE ...]

Time the parts of a training step, and compute the least time that its operations take on this machine. The keys are
those of a run, for example optimizer=sgd,adam 'problem.hidden=[400]'. The default is every optimizer on the articles'
network.
"""
CONFORM = """\
usage: zdl-bench conform optimizer=NAME against=NAME [KEY=VALUE ...]

Train the same run by two optimizers, from the same weights on the same batches, and say from which step on they differ,
by how much, and which key explains it. The keys are those of a run; against.KEY=VALUE sets a key of the second optimizer,
tolerance=1e-6 the largest gap that counts as agreement. The gap is the distance of the two networks, as a share of the
distance of the first one from the start. The default is dtype=float64, so that rounding is not taken for another rule.
Exit status: 0 if they agree, 1 if they part, 2 if the input is wrong.
"""
GROUP_WIDTH, KEY_WIDTH = 11, 28


def help_text() -> str:
    """Return the commands, the names of each group, all keys with the defaults of conf/config.yaml, and the flags."""
    groups = {group: [", ".join(conf_files.names(group))] for group in conf_files.groups()}
    groups |= {"experiment": [", ".join(conf_files.experiment_names())], "optimizer": _optimizers()}
    choices = "".join(_filled(group, "\n".join(lines), GROUP_WIDTH) for group, lines in sorted(groups.items()))
    config = (conf_files.CONF / "config.yaml").read_text(encoding="utf-8")
    keys = config[config.index("# A run") : config.index("hydra:\n")].strip()
    sections = {
        "Choices (GROUP=NAME)": choices,
        "Keys and their defaults": f"{keys}\n",
        "Keys of the parts, as in optimizer.beta2=0.99, and the parts that have each key": _keys_of_parts(),
        "Flags": FLAGS_HELP,
    }
    if unusable := unusable_parts():
        sections["Parts of yours that cannot be used"] = "".join(f"{line}\n" for line in unusable)
    return "\n".join([COMMANDS_HELP, *(f"== {heading} ==\n{text}" for heading, text in sections.items())])


def _optimizers() -> list[str]:
    """Return a line for each family with its optimizers, and one for the rules of other libraries."""
    families: dict[str, list[str]] = {}
    for name in conf_files.native_names("optimizer"):
        families.setdefault(conf_files.family(name), []).append(name)
    own = [f"{family}: {', '.join(names)}" for family, names in sorted(families.items())]
    return [*own, "torch_… and optax_…, rules of other libraries: docs/libraries.md"]


def _keys_of_parts() -> str:
    return "".join(_filled(key, ", ".join(names), KEY_WIDTH) for key, names in part_keys().items())


def _filled(word: str, text: str, width: int) -> str:
    """Return a word and, from column `width` on, the lines of a text, wrapped."""
    wrapper = TextWrapper(width=128, initial_indent=" " * width, subsequent_indent=" " * width, break_long_words=False)
    filled = "\n".join(wrapper.fill(line) for line in text.splitlines())
    return f"{word:<{width - 1}} {filled[width:]}\n"
