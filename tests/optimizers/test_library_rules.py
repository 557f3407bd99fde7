"""The rules of torch.optim and optax: their YAMLs, their numbers beside our own rules, and what is bound to their versions."""

import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import digits_config, optimizer_of, part, quadratic_config, run_process, step_of, stored

from zdl_bench.commands.availability import Availability
from zdl_bench.errors import ConfigError
from zdl_bench.optimizers.momentum import Momentum
from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.declarations import read_declaration
from zdl_bench.report.words.notes import notes_of
from zdl_bench.run.run import Status, Tensor
from zdl_bench.training.loop import train

LIBRARIES = ("torch", "optax")
RULES = [name for name in conf_files.names("optimizer") if name not in conf_files.native_names("optimizer")]
LAYOUT = (Tensor(0, 96, (12, 8)), Tensor(96, 104, (8,)), Tensor(104, 128, (8, 3)), Tensor(128, 131, (3,)))
SAME_RULES = [
    ("sgd", {}, "torch_sgd", {}),
    ("momentum", {}, "torch_sgd", {"momentum": 0.9}),
    ("adagrad", {"epsilon": 1e-10}, "torch_adagrad", {}),
    ("rmsprop", {}, "torch_rmsprop", {}),
    ("adam", {}, "torch_adam", {}),
    ("adam", {}, "torch_adamw", {"weight_decay": 0.0}),
    ("sgd", {}, "optax_sgd", {}),
    ("momentum", {}, "optax_sgd", {"momentum": 0.9}),
    ("rmsprop", {"decay": 0.9}, "optax_rmsprop", {"eps_in_sqrt": False}),
    ("adam", {}, "optax_adam", {}),
    ("adam", {}, "optax_adamw", {"weight_decay": 0.0}),
]
"""Ours, its values, theirs, its values: the same rule under two names."""


def library(name):
    return name.partition("_")[0]


@pytest.fixture(autouse=True)
def _quiet():
    """Warnings of the libraries are not ours."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def require(name):
    pytest.importorskip(name, reason=f"{name} is not installed: pip install 'zdl_bench[{name}]'")


def descend(optimizer, dtype, steps=50):
    """The parameters after steps with random gradients and a falling learning rate."""
    rng = np.random.default_rng(3)
    w = rng.standard_normal(131).astype(dtype)
    state = optimizer.init(w, step_of(0, 0.01, layout=LAYOUT))
    for number in range(1, steps + 1):
        optimizer.update(w, rng.standard_normal(131).astype(dtype), state, step_of(number, 0.01, layout=LAYOUT))
    return w


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_each_rule_moves_in_the_run_s_dtype_and_leaves_the_gradient(name):
    require(library(name))
    optimizer = optimizer_of(name)
    optimizer.require_accepted()
    for dtype in (np.float32, np.float64):
        w = np.linspace(-1, 1.3, 131).astype(dtype)
        state, before = optimizer.init(w, step_of(0, 0.05, layout=LAYOUT)), w.copy()
        assert np.array_equal(w, before)
        for number in range(1, 4):
            gradient = 2 * w
            kept = gradient.copy()
            optimizer.update(w, gradient, state, step_of(number, 0.05, layout=LAYOUT))
            assert np.array_equal(gradient, kept)
        assert w.dtype == dtype
        assert np.isfinite(w).all()
        assert not np.array_equal(w, before)


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "own", "theirs", "values"), SAME_RULES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_same_rule_has_the_same_trajectory(ours, own, theirs, values):
    """To rounding: in float64, and in float32, in which optax also computes powers of β."""
    require(library(theirs))
    for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 2e-5)):
        expected = descend(registry.optimizer(part("optimizer", ours, **own)), dtype)
        given = descend(registry.optimizer(part("optimizer", theirs, **values)), dtype)
        assert np.linalg.norm(given - expected) < tolerance * np.linalg.norm(expected)


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch_sgd", "optax_sgd"])
def test_the_learning_rate_of_each_step_counts(name):
    require(library(name))
    optimizer = optimizer_of(name)
    w, g = np.ones(131), np.full(131, 2.0)
    state = optimizer.init(w, step_of(0, 1.0, layout=LAYOUT))
    for number, lr in enumerate((0.5, 0.25), 1):
        optimizer.update(w, g, state, step_of(number, lr, layout=LAYOUT))
    assert np.array_equal(w, np.full(131, 1 - 2 * (0.5 + 0.25)))


ONE_STEP_OF_OPTAX = """
import hashlib, os, sys
import numpy as np
from conftest import optimizer_of, step_of
from zdl_bench.run.run import Tensor

layout = (Tensor(0, 350_000, (700, 500)),)
w, g = np.random.default_rng(1).standard_normal((2, 350_000))
optimizer = optimizer_of("optax_muon")
optimizer.update(w, g, optimizer.init(w, step_of(0, 0.1, layout=layout)), step_of(1, 0.1, layout=layout))
names = [open(f"/proc/self/task/{one}/comm").read().strip() for one in os.listdir("/proc/self/task")]
print(names.count("tf_XLAEigen"), hashlib.sha256(w.tobytes()).hexdigest())
"""


@pytest.mark.extras
@pytest.mark.slow
def test_optax_has_one_thread_and_the_same_bits_with_any_number_of_cores():
    """The products of Muon are compiled for the number of threads, which is that of the cores unless NPROC is set."""
    require("optax")
    found = [
        subprocess.run(
            [sys.executable, "-c", ONE_STEP_OF_OPTAX],
            env={**os.environ, **settings, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for settings in ({}, {"NPROC": "1"}, {"NPROC": "3"})
    ]
    assert [int(threads) for threads, _ in found] == [1, 1, 1]
    assert len({bits for _, bits in found}) == 1


@pytest.mark.extras
@pytest.mark.slow
def test_a_rule_for_matrices_gets_matrices():
    """Muon makes steps of one size in all directions of a matrix; biases get AdamW's."""
    require("torch")
    w, matrix = np.zeros(131), LAYOUT[0]
    optimizer = optimizer_of("torch_muon")
    state = optimizer.init(w, step_of(0, 0.1, layout=LAYOUT))
    optimizer.update(w, np.random.default_rng(1).standard_normal(131), state, step_of(1, 0.1, layout=LAYOUT))
    sizes = np.linalg.svd(matrix.view(w), compute_uv=False)
    assert sizes.max() < 2 * sizes.min()
    assert np.allclose(np.abs(LAYOUT[1].view(w)), 0.1, rtol=1e-6)


@pytest.mark.extras
@pytest.mark.slow
def test_the_yamls_have_all_rules_and_keywords_of_the_libraries():
    for name in LIBRARIES:
        require(name)
    from library_rules import FOLDER, all_rules, file_name, yaml_text

    rules = all_rules()
    assert sorted(map(file_name, rules)) == RULES
    for wraps, rule in rules.items():
        assert (FOLDER / f"{file_name(wraps)}.yaml").read_text() == yaml_text(wraps, rule)


@pytest.mark.extras
@pytest.mark.slow
def test_a_run_is_bound_to_the_version_of_its_library(digits):
    require("torch")
    run = train(digits_config("torch_adam", steps=5))
    assert run.status is Status.COMPLETED
    versions = run.environment["libraries"]
    assert versions.startswith("torch ")
    assert run.config.optimizer.source is not None
    assert Availability().obstacle(run.config, run.environment) == ""
    obstacle = Availability().obstacle(run.config, {**run.environment, "libraries": "torch 1.0"})
    assert obstacle.startswith(f"optimizer=torch_adam: its bits are bound to torch 1.0, and here is {versions}; install")
    assert f"The bits of the runs of torch_adam are bound to the library that made them: {versions}." in notes_of("", [run], [])


def test_the_version_of_a_library_is_in_the_id(monkeypatch):
    """Also where the library is not installed: its version is what is asked."""
    from zdl_bench.registry import libraries

    ids = set()
    for version in ("torch 2.0", "torch 2.1"):
        monkeypatch.setattr(libraries, "code_of", lambda module, version=version: {module: version})
        monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda name: name)
        registry.source.cache_clear()
        ids.add(quadratic_config("torch_adam").run_id)
    registry.source.cache_clear()
    assert len(ids) == 2


@pytest.mark.parametrize("name", ["torch_adam", "optax_lion"])
def test_a_missing_library_is_one_line_with_the_command_that_installs_it(command, monkeypatch, name):
    monkeypatch.setitem(sys.modules, library(name), None)
    registry.source.cache_clear()
    outcome = command(f"optimizer={name}", "problem=bowl")
    registry.source.cache_clear()
    assert outcome.status == 2
    wraps = conf_files.load_yaml("optimizer", name)["wraps"]
    assert outcome.err == (
        f"error: optimizer: {wraps} needs {library(name)}, which is not installed; pip install 'zdl_bench[{library(name)}]'\n"
    )


@pytest.mark.slow
def test_a_library_is_asked_once_for_each_choice(command, monkeypatch):
    """Not once for each run: to compile a rule of optax takes tenths of a second."""
    asked = []
    monkeypatch.setattr(Momentum, "require_accepted", lambda rule: asked.append(rule.momentum))
    outcome = command(
        "-m",
        "optimizer=momentum",
        "optimizer.momentum=0.8,0.9",
        "problem=bowl",
        "lr=0.1,0.2",
        "seed=range(0,5)",
        "dry_run=true",
    )
    assert outcome.status == 0, outcome.err
    assert asked == [0.8, 0.9]


@pytest.mark.extras
@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["optimizer.beta=3"], "optimizer.beta=3: torch_adamw has no such key; did you mean optimizer.betas?"),
        (
            ["optimizer.betas=[0.9,1.5]"],
            "torch.optim.AdamW rejects its keywords (ValueError: Invalid beta",
        ),
        (["optimizer.eps=small"], "optimizer.eps=small: give a number"),
        (["optimizer.wraps=torch.optim.SGD"], "optimizer.wraps: this key of a part cannot be changed"),
    ],
)
def test_a_wrong_keyword_is_explained(command, arguments, words):
    require("torch")
    outcome = command("optimizer=torch_adamw", "problem=bowl", *arguments)
    assert outcome.status == 2
    assert words in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.extras
@pytest.mark.slow
def test_keywords_are_those_of_the_library(command):
    require("torch")
    keys = ["optimizer.weight_decay=0.1", "optimizer.betas=[0.9,0.95]", "optimizer.fused=true"]
    outcome = command("optimizer=torch_adamw", "problem=bowl", "steps=3", "report=false", "executor=serial", *keys)
    assert outcome.status == 0, outcome.err


@pytest.mark.parametrize("chosen", ["sgd", "adam,sgd"])
@pytest.mark.slow
def test_a_run_reads_no_yaml_of_a_rule_that_it_does_not_name(command, monkeypatch, chosen):
    """To parse those of all libraries takes a tenth of a second."""
    read = set()
    monkeypatch.setattr(conf_files, "read_declaration", lambda path: read.add(path.stem) or read_declaration(path))
    conf_files.load_yaml.cache_clear()
    outcome = command(*(["-m"] if "," in chosen else []), f"optimizer={chosen}", "problem=bowl", "dry_run=true")
    assert outcome.status == 0, outcome.err
    assert read == {*chosen.split(","), "auto", "bowl", "constant", "processes"}


def test_a_part_that_wraps_needs_a_dotted_name(tmp_path):
    file = tmp_path / "conf" / "optimizer" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("_target_: zdl_bench.optimizers.torch_rule.TorchRule\nwraps: AdamW\nname: mine\ndefault_lr: 0.1\n")
    with pytest.raises(ConfigError, match=r"wraps=AdamW: name a rule of the library as MODULE.RULE"):
        read_declaration(file)


OWN_CLASS = """
import torch


class MySign(torch.optim.Optimizer):
    def __init__(self, params, lr, scale=1.0):
        super().__init__(params, {"lr": lr, "scale": scale})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(group["lr"] * group["scale"] * torch.sign(p.grad))
"""


@pytest.mark.extras
@pytest.mark.slow
def test_one_yaml_adds_a_class_of_ones_own(tmp_path):
    """Its code is in the id, and it does what the same rule of optax does."""
    require("torch")
    require("optax")
    folder = tmp_path / "mine"
    (folder / "optimizer").mkdir(parents=True)
    (folder / "my_sign.py").write_text(OWN_CLASS)
    keys = "wraps: my_sign.MySign\nname: my_sign\ndefault_lr: 0.1\nscale: 1.0\n"
    (folder / "optimizer/my_sign.yaml").write_text(f"_target_: zdl_bench.optimizers.torch_rule.TorchRule\n{keys}")
    own = ("--config-dir", "mine", "optimizer=my_sign", "problem=bowl", "steps=5", "report=false", "executor=serial")
    ids = set()
    for source in (OWN_CLASS, OWN_CLASS.replace("sign(p.grad)", "sign(2 * p.grad)")):
        (folder / "my_sign.py").write_text(source)
        outcome = run_process(*own, cwd=tmp_path)
        assert outcome.status == 0, outcome.err
        ids = {file.stem for file in stored(tmp_path)}
    assert len(ids) == 2
    outcome = run_process("conform", *own[:4], "steps=20", "against=optax_sign_sgd", cwd=tmp_path)
    assert outcome.status == 0, outcome.out + outcome.err


@pytest.mark.extras
@pytest.mark.slow
def test_the_commands_of_the_page_run(small_sweep):
    for name in LIBRARIES:
        require(name)
    page = (Path(__file__).parents[2] / "docs/libraries.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python -m zdl_bench (.*)$", page, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        outcome = small_sweep(*shlex.split(line))
        assert outcome.status == 0, outcome.err
    yaml = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert yaml is not None
    assert "_target_: zdl_bench.optimizers.torch_rule.TorchRule\nwraps: " in yaml[1]
