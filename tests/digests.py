"""The digests that ENGINE_VERSION stands for: a matrix of short runs, whose bits depend on no machine.

    python tests/digests.py                    write tests/digests.json: after ENGINE_VERSION was raised, and only then
    python tests/digests.py --add              train what the file lacks, as the run of a new optimizer, and write that alone
    python tests/digests.py --check [--full]   train the short set, or all, and print what differs; exit 1 if anything does

Runs on MNIST need its files (ZDL_BENCH_DATA); without them `--check` leaves these runs out and says so.
"""

import argparse
import hashlib
import itertools
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from conftest import digits_config, part, quadratic_config

from zdl_bench.datasets.cache import ensure_decoded, has_sound_arrays, write_decoded
from zdl_bench.registry import conf_files, registry
from zdl_bench.run.config import ENGINE_VERSION, Choice, RunConfig
from zdl_bench.run.run import ADDED_PROBES, Run
from zdl_bench.training.loop import train

FILE = Path(__file__).parent / "digests.json"
REMEDY = "raise ENGINE_VERSION in config.py and run python tests/digests.py"
LACKING = "the file has no such run: run python tests/digests.py --add"
DATA = ("digits", "mnist")
OPTIMIZERS = ("sgd", "momentum", "adagrad", "rmsprop", "rmsprop_articles", "adam", "adam_articles")
"""The optimizers of all pairs of values. The others, and the transforms, have a run of their own."""
ACTIVATIONS, DTYPES, REDUCTIONS = ("relu", "tanh", "sigmoid"), ("float32", "float64"), ("sum", "mean")
ANALYTIC = (
    *("beale", "booth", "bowl", "double_well", "himmelblau", "quadratic"),
    *("rastrigin", "rosenbrock", "saddle", "six_hump_camel", "styblinski_tang"),
    *("noisy_quadratic", "least_squares"),
)
SCHEDULES = ("constant", "cosine", "step_decay", "exponential", "inverse_sqrt", "linear", "warmup_stable_decay")
"""New parts stand at the end, so that the runs of the others stay what they are."""
NOISES = ({}, {"gradient_noise": 0.2, "start_std": 0.3})
Configs = dict[str, RunConfig]
Entry = dict[str, str]


def network(data: str, optimizer: str, dtype: str, name: str = "mlp", steps: int = 25, **problem) -> RunConfig:
    """Return a short run of a network whose widths and batch no vector divides, unless `problem` gives others."""
    odd = {"hidden": (33, 7), "batch_size": 21, "init_std": 0.1}
    mean = problem.get("loss_reduction") == "mean"
    chosen = Choice(data, {"checksum": registry.dataset(data).checksum, "validation_size": 301})
    changes = {"problem": part("problem", name, **(odd | problem)), "dataset": chosen, "probe_count": 5, "seed": 3}
    return digits_config(optimizer, lr=0.02 if mean else 0.002, dtype=dtype, steps=steps, **changes)


def products(data: str) -> tuple[Configs, Configs]:
    """Return every product of a network's axes on a data set: those that cover all pairs of values, and the others."""
    covering: Configs = {}
    others: Configs = {}
    for (o, optimizer), (a, activation) in itertools.product(enumerate(OPTIMIZERS), enumerate(ACTIVATIONS)):
        kind = (o % 4, 3 - o % 4, (o + 1) % 4)[a]
        for number, (dtype, reduction) in enumerate(itertools.product(DTYPES, REDUCTIONS)):
            config = network(data, optimizer, dtype, activation=activation, loss_reduction=reduction)
            (covering if number == kind else others)[f"{data}, {optimizer}, {activation}, {dtype}, {reduction}"] = config
    return covering, others


def analytic() -> Configs:
    """Return every analytic problem with every optimizer. Each of both meets every dtype, with noise and without."""
    kinds = list(itertools.product(DTYPES, NOISES))
    chosen: Configs = {}
    for (p, problem), (o, optimizer) in itertools.product(enumerate(ANALYTIC), enumerate(OPTIMIZERS)):
        dtype, noise = kinds[(p + o) % len(kinds)]
        noise = {"batch_size": 7} if noise and problem == "least_squares" else noise
        config = quadratic_config(optimizer, lr=0.002, dtype=dtype, seed=5, steps=40, probe_count=10)
        name = f"{problem}, {optimizer}, {dtype}{', noise' if noise else ''}"
        chosen[name] = replace(config, problem=part("problem", problem, **noise))
    return chosen


def variants(dtype: str) -> Configs:
    """Return what else changes numbers."""
    epochs = {"hidden": (12, 6, 5), "activation": "tanh", "init": "he", "loss_reduction": "mean", "sampling": "epochs"}
    sigmoid = {"hidden": (8,), "activation": "sigmoid", "init": "xavier", "log_epsilon": 1e-7}
    schedules = {name: part("schedule", name) for name in SCHEDULES}
    schedules["cosine with warm-up"] = part("schedule", "cosine", warmup_share=0.1, final_factor=0.01)
    large = {"dimension": 40, "condition_number": 1e4}
    chosen = {
        "epochs, tanh, he, mean": network("digits", "adam", dtype, steps=80, **epochs),
        "sigmoid, xavier, log_epsilon": network("digits", "momentum", dtype, **sigmoid),
        "uneven inputs": network("digits", "adagrad", dtype, "mlp_uneven"),
        "no hidden layer": network("digits", "sgd", dtype, hidden=()),
        "autoencoder": network("digits", "adam", dtype, "autoencoder"),
        "autoencoder, cross-entropy": network("digits", "adam", dtype, "autoencoder", loss="binary_cross_entropy"),
        "logistic": digits_config("momentum", lr=0.3, problem=part("problem", "logistic"), dtype=dtype, steps=25),
        "linear with warm-up": replace(network("digits", "sgd", dtype), schedule=part("schedule", "linear", warmup_share=0.3)),
        "one unit, one image": network("digits", "adam", dtype, hidden=(1,), batch_size=1),
        "wide": network("digits", "rmsprop", dtype, hidden=(200, 50), batch_size=64),
        "diverging": digits_config("sgd", lr=100.0, dtype=dtype),
        "not finite": digits_config("adam", lr=1e30, dtype=dtype),
        "no bias correction": digits_config(part("optimizer", "adam", bias_correction=False), dtype=dtype),
        "large quadratic": quadratic_config("momentum", lr=0.1, problem=large, dtype=dtype),
        "compiled quadratic": quadratic_config("adam", lr=0.1, problem={"dimension": 20_011}, dtype=dtype, steps=20),
        "2,000 steps": quadratic_config("adam", lr=0.01, steps=2000, dtype=dtype),
    }
    chosen |= {
        f"schedule {name}": replace(network("digits", "sgd", dtype, steps=40), schedule=schedule)
        for name, schedule in schedules.items()
    }
    return {f"{name}, {dtype}": config for name, config in chosen.items()}


def other_parts(dtype: str) -> Configs:
    """Return a run of each optimizer that is not in OPTIMIZERS, and one of each transform, around Adam."""
    chosen: Configs = {}
    for name in conf_files.native_names("optimizer"):
        if name not in OPTIMIZERS:
            lr = None if conf_files.load_yaml("optimizer", name)["default_lr"] is None else 0.002
            chosen[f"digits, {name}, {dtype}"] = replace(network("digits", name, dtype), lr=lr)
    for name in conf_files.names("transform"):
        config = replace(network("digits", "adam", dtype), transform=(part("transform", name),))
        chosen[f"digits, {name} around adam, {dtype}"] = config
    return chosen


def main_job(dtype: str) -> Configs:
    """Return a few steps of the articles' network on MNIST, and of the one on uneven inputs."""
    whole = {"hidden": (200, 200), "batch_size": 100, "steps": 20}
    return {
        f"mnist, 784-200-200-10, {dtype}": network("mnist", "adam", dtype, **whole),
        f"mnist, uneven inputs, {dtype}": network("mnist", "sgd", dtype, "mlp_uneven"),
    }


def legacy() -> Configs:
    """Return runs on the articles' generator, NumPy's RandomState: their digests are stored but not promised."""
    return {f"legacy, {dtype}": digits_config("sgd", lr=0.01, rng="legacy", seed=8, dtype=dtype) for dtype in DTYPES}


def short_set() -> Configs:
    """Return runs that cover every value and every pair of values of a network's axes, in a few seconds."""
    float32, float64 = (variants(dtype) for dtype in DTYPES)
    return (
        products("digits")[0]
        | float32
        | float64
        | analytic()
        | products("mnist")[0]
        | main_job("float32")
        | other_parts("float32")
    )


def full_set() -> Configs:
    """Return the short set, all products of a network's axes, and the main job and the other parts in float64."""
    return short_set() | products("digits")[1] | products("mnist")[1] | main_job("float64") | other_parts("float64")


def available(configs: Configs) -> Configs:
    """Return the runs whose data are on this machine, decoded. Nothing is downloaded."""
    ensure_decoded(registry.dataset("digits"))
    mnist = registry.dataset("mnist")
    if not has_sound_arrays(mnist):
        arrays = mnist.decode_local()
        if arrays is None:
            return {
                name: config for name, config in configs.items() if config.dataset is None or config.dataset.name != "mnist"
            }
        write_decoded(mnist, arrays)
    return configs


def entry_of(config: RunConfig) -> Entry:
    """Train, and return what identifies the run and what came out of it."""
    run = train(config)
    assert run.digest is not None
    return {"run_id": run.run_id, "status": run.status.value, "digest": run.digest, "numbers": hash_of_numbers(run)}


def hash_of_numbers(run: Run) -> str:
    """Return 16 hex digits of the SHA-256 over what the digest leaves out: rates, probes, the profile, points, the end."""
    curve = run.curve
    assert curve is not None
    left_out = {"train_seconds", *ADDED_PROBES}  # the columns that were added to engine 3 changed none of its numbers
    arrays = [values for name, values in curve.probes.items() if name not in left_out]
    arrays += [curve.profile.step, curve.profile.probe_loss] if curve.profile else []
    arrays += [curve.lr, curve.points if curve.points is not None else [], curve.minimum or [], [curve.trivial_loss]]
    arrays += [[run.end[key] for key in sorted(run.end)]]
    numbers = np.concatenate([np.ravel(array).astype(np.float64) for array in arrays])
    numbers[np.isnan(numbers)] = np.nan  # whose sign depends on the processor
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]


def stored() -> tuple[int, Mapping[str, Entry]]:
    """Return the engine version of the file, and its entries by name."""
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return content["engine"], content["promised"] | content["legacy"]


def differences(configs: Configs) -> list[str]:
    """Train, and return a line for each difference from the file."""
    engine, expected = stored()
    lines = [] if engine == ENGINE_VERSION else [f"the file is of engine {engine}, this is engine {ENGINE_VERSION}: {REMEDY}"]
    for name, config in configs.items():
        if name not in expected:
            lines.append(f"{name}: {LACKING}")
            continue
        found, wanted = entry_of(config), expected[name]
        parts = [f"{key} {found[key][:16]} instead of {wanted[key][:16]}" for key in found if found[key] != wanted[key]]
        lines += [f"{name}: {', '.join(parts)}"] if parts else []
    return lines


def write(known: Mapping[str, Entry]) -> None:
    """Write the file, with the entries that are known. Raise SystemExit if another run needs MNIST and it is not here."""
    everything = full_set()
    missing = {name: config for name, config in everything.items() if name not in known}
    if len(available(missing)) < len(missing):
        raise SystemExit("tests/digests.py: the files of MNIST are not here; set ZDL_BENCH_DATA to their folder")
    sections = []
    for title, configs in (("promised", everything), ("legacy", legacy())):
        rows = [f"  {json.dumps(name)}: {json.dumps(known.get(name) or entry_of(config))}" for name, config in configs.items()]
        sections.append(f' "{title}": {{\n' + ",\n".join(rows) + "\n }")
    FILE.write_text(f'{{\n "engine": {ENGINE_VERSION},\n' + ",\n".join(sections) + "\n}\n", encoding="utf-8")


def check(is_full: bool) -> int:
    """Print what differs and how much was compared. Return 1 if anything differs, else 0."""
    chosen = full_set() if is_full else short_set()
    compared = available(chosen)
    lines = differences(compared)
    for line in [*lines, *(f"not promised: {line}" for line in differences(legacy()))]:
        print(line)
    missing = len(chosen) - len(compared)
    machine = f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, numba {version('numba')}"
    left_out = f"; {missing} left out: no MNIST here" if missing else ""
    print(f"{machine}: {len(compared)} runs compared, {len(lines)} differ{left_out}")
    return 1 if lines else 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="write tests/digests.json, or compare runs with it")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--full", action="store_true", help="compare everything, not the short set")
    parser.add_argument("--add", action="store_true", help="keep what the file has, and add what it lacks")
    options = parser.parse_args(arguments)
    if options.check:
        return check(options.full)
    write(stored()[1] if options.add else {})
    return 0


if __name__ == "__main__":
    sys.exit(main())
