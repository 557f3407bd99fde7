"""Every key in conf/ that a user may give, and the keys that an unknown word may stand for."""

from contextlib import suppress

import yaml

from zdl_bench.errors import ConfigError, abridge, closest, display, hint
from zdl_bench.registry import conf_files, registry

SYNONYMS = {
    "lr": "learning_rate learningrate learn_rate rate eta step_size",
    "steps": "epochs epoch iterations iteration iters iter num_steps n_steps max_steps num_epochs n_epochs max_iter",
    "seed": "random_state random_seed seeds rng_seed",
    "dtype": "precision float",
    "optimizer": "optim opt optimiser algorithm method solver",
    "problem": "model network net architecture function",
    "dataset": "data data_set",
    "schedule": "scheduler lr_schedule lr_scheduler decay_schedule",
    "n_jobs": "workers num_workers n_workers jobs processes cores threads parallel cpus",
    "executor": "backend launcher",
    "results_dir": "output output_dir out outdir results store save_dir log_dir logdir",
    "dry_run": "dryrun dry",
    "batch_size": "batch batchsize minibatch minibatch_size",
    "hidden": "layers layer_sizes hidden_sizes hidden_size hidden_layers hidden_layer_sizes hidden_units units",
    "epsilon": "eps",
    "loss_reduction": "reduction",
    "activation": "nonlinearity act activation_function",
}
"""Key → the names that other projects have for the same setting."""
MEANING = {word: key for key, words in SYNONYMS.items() for word in words.split()}


def general_keys() -> list[str]:
    """Return the groups and the keys of conf/config.yaml. Nested keys have a dot, for example probe.count."""
    text = (conf_files.CONF / "config.yaml").read_text(encoding="utf-8")
    content = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    own = {key: value for key, value in content.items() if key not in ("defaults", "hydra")}
    below = [f"{key}.{one}" for key, value in own.items() if isinstance(value, dict) for one in value]
    return [*sorted(conf_files.groups()), "experiment", *own, *below]


def part_keys() -> dict[str, list[str]]:
    """Return the keys of all parts, for example optimizer.beta1, each with the names of the parts that have the key.

    The keywords of other libraries are left out: there are hundreds, and each belongs to a few rules.
    """
    found: dict[str, list[str]] = {}
    for group in sorted(conf_files.groups()):
        for name in conf_files.native_names(group):
            with suppress(ConfigError):  # a broken YAML must not hide the keys of other parts
                for key in registry.given_keys(group, name):
                    found.setdefault(f"{conf_files.key_prefix(group, name)}.{key}", []).append(name)
    return found


def unknown_key(key: str) -> str:
    """Return the message for a key that does not exist or that the chosen part does not have."""
    group, _, own = key.partition(".")
    if owners := owners_of(key):
        return f"{key}: the chosen {group} has no key {own}; choose another {group}: {owners}"
    others = [one for one in similar_keys(key) if one != key]
    if own and group in conf_files.groups():
        return f"{display(key)}: the chosen {group} has no key {display(own)}; {hint(others, 'see all keys with --cfg job')}"
    listed = ", ".join(one for one in general_keys() if "." not in one)
    known = f"the keys are {listed}; --help also lists the keys of the parts"
    return f"{display(key)}: there is no such key; {hint(others, known)}"


def owners_of(key: str) -> str:
    """Return a phrase that names the parts with this key, or an empty text if no part has the key."""
    names = abridge(key, part_keys().get(key, []))
    return f"{names} {'have' if ', ' in names else 'has'} this key" if names else ""


def similar_keys(word: str) -> list[str]:
    """Return the keys that a word can stand for: keys that end with the word or its synonym, or else the closest key.

    Keys of the same group are preferred.
    """
    group, last = word.partition(".")[0], _last(word).casefold().replace("-", "_")
    known = [one for one in (*general_keys(), *part_keys()) if not word.startswith(f"{one}.")]
    ends = [one for one in known if _last(one) == MEANING.get(last, last)]
    if ends:
        return [one for one in ends if one.startswith(f"{group}.")] or ends
    by_end = {_last(one): one for one in sorted(known, key=lambda one: one.startswith(f"{group}."))}
    return [by_end[match] for match in closest(last, by_end)]


def _last(key: str) -> str:
    return key.rpartition(".")[2]
