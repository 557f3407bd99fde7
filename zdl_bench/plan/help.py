"""The text of `--help`. It is written without Hydra, because Hydra takes a second to print its own help."""

from textwrap import TextWrapper

from zdl_bench.plan.keys import part_keys
from zdl_bench.registry import conf_files

COMMANDS_HELP = """\
zdl_bench: which optimizer, at which learning rate, learns faster and steadier, and how sure can we be?

python -m zdl_bench [KEY=VALUE ...]               train one run
python -m zdl_bench -m KEY=V1,V2 ...              train a sweep: one run for every combination of the values
python -m zdl_bench -m experiment=NAME            train the runs of a named experiment
python -m zdl_bench report [SWEEP]                build figures, tables and page from stored runs
python -m zdl_bench verify [SWEEP] [--runs N]     train stored runs again and compare them bit for bit
python -m zdl_bench ls                            list the sweeps in the store
python -m zdl_bench bench [KEY=VALUE ...]         measure this machine and time the parts of a training step
report, verify and ls take --results DIR, the folder of the store; the default is results.
"""
FLAGS_HELP = """\
-m, --multirun               train a sweep: one run for every combination of the values in lists and ranges
--cfg job [KEY=VALUE ...]    print the config of one run, with the defaults of its parts, for example of optimizer=adam
-sc install=bash             print the tab completion of `zdl-bench`, for `eval "$(zdl-bench -sc install=bash)"`
--version                    print the version of this program
--hydra-help                 print Hydra's own flags
"""
BENCH = """\
usage: zdl-bench bench [KEY=VALUE ...]

Time the parts of a training step, and compute the least time that its operations take on this machine. The keys are
those of a run, for example optimizer=sgd,adam 'problem.hidden=[400]'. The default is every optimizer on the articles'
network.
"""
KEY_WIDTH = 28


def help_text() -> str:
    """Return the commands, the names of each group, all keys with the defaults of conf/config.yaml, and the flags."""
    groups = {group: conf_files.names(group) for group in conf_files.groups()} | {"experiment": conf_files.experiment_names()}
    choices = "".join(f"{group:<11}{', '.join(names)}\n" for group, names in sorted(groups.items()))
    config = (conf_files.CONF / "config.yaml").read_text(encoding="utf-8")
    keys = config[config.index("# A run") : config.index("hydra:\n")].strip()
    sections = {
        "Choices (GROUP=NAME)": choices,
        "Keys and their defaults": f"{keys}\n",
        "Keys of the parts, as in optimizer.beta2=0.99, and the parts that have each key": _keys_of_parts(),
        "Flags": FLAGS_HELP,
    }
    return "\n".join([COMMANDS_HELP, *(f"== {heading} ==\n{text}" for heading, text in sections.items())])


def _keys_of_parts() -> str:
    wrapper = TextWrapper(width=128, subsequent_indent=" " * KEY_WIDTH, break_long_words=False)
    return "".join(f"{wrapper.fill(f'{key:<{KEY_WIDTH}}' + ', '.join(names))}\n" for key, names in part_keys().items())
