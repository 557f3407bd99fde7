"""The YAMLs of the rules of torch.optim and optax, from the signatures of the installed libraries.

`python tests/library_rules.py` writes them anew, in conf/optimizer/. A rule that a new version adds appears in `git status`.
"""

import importlib
import inspect
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "conf/optimizer"
PLAIN_LR = 0.001
"""The learning rate of a rule of optax without a default, as in most examples of its documentation."""
NO_CHOICE = {
    "params", "lr", "learning_rate",  # given by the run
    "maximize", "capturable", "differentiable",  # torch: of no use when a loss is minimized on a CPU without second gradients
    "dtype_momentum", "clip_value_fn",  # optax: types and functions
    "muon_weight_dimension_numbers", "weight_dimension_numbers", "base_optimizer",
}  # fmt: skip
LEFT_OUT = {
    "torch.optim.LBFGS": "it evaluates the loss several times per step",
    "torch.optim.SparseAdam": "it takes sparse gradients alone",
    "optax.lbfgs": "its line search evaluates the loss several times per step",
    "optax.polyak_sgd": "it takes the loss",
    "optax.noisy_sgd": "it draws random numbers from a seed of its own",
    "optax.contrib.dpsgd": "it takes a gradient per image",
    "optax.contrib.momo": "it takes the loss",
    "optax.contrib.momo_adam": "it takes the loss",
    "optax.contrib.sophia": "it takes the loss as a function",
    "optax.contrib.schedule_free": "it wraps another rule",
    "optax.contrib.schedule_free_adamw": "its answer is not its iterate",
    "optax.contrib.schedule_free_sgd": "its answer is not its iterate",
}
ADAPTERS = {
    "torch.optim": "torch_rule.TorchRule",
    "torch.optim.Muon": "torch_rule.TorchMatrixRule",
    "optax": "optax_rule.OptaxRule",
    "optax.contrib": "optax_rule.OptaxRule",
}


def rules_of(module: str) -> dict[str, Any]:
    """Rule → the class or function of the library, for all rules of a module that take a learning rate."""
    library = importlib.import_module(module)
    rules = {}
    for name in dir(library):
        rule = getattr(library, name)
        is_public = not name.startswith(("_", "scale_by")) and callable(rule) and not name.endswith("State")
        if is_public and {"lr", "learning_rate"} & {*_parameters(rule)}:
            rules[f"{module}.{name}"] = rule
    return {name: rule for name, rule in rules.items() if name not in LEFT_OUT}


def _parameters(rule: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(rule).parameters)
    except (TypeError, ValueError):
        return {}


def keywords_of(rule: Any) -> dict[str, Any]:
    """Keyword → default, as the YAML gives it."""
    return {
        name: _plain(parameter.default, str(parameter.annotation))
        for name, parameter in _parameters(rule).items()
        if name not in NO_CHOICE and not (name.endswith("mask") and parameter.default is None)
    }


def _plain(value: Any, annotation: str) -> Any:
    if isinstance(value, tuple):
        numbers = all(type(item) in (int, float) for item in value)
        return [float(item) if numbers else item for item in value]
    is_number = ("float" in annotation or "Scalar" in annotation or "Array" in annotation) and "bool" not in annotation
    return float(value) if type(value) is int and is_number else value


def default_lr(rule: Any) -> float:
    given = next(parameter.default for name, parameter in _parameters(rule).items() if name in ("lr", "learning_rate"))
    return float(given) if isinstance(given, int | float) else PLAIN_LR


def yaml_text(wraps: str, rule: Any) -> str:
    adapter = ADAPTERS.get(wraps) or ADAPTERS[wraps.rpartition(".")[0]]
    shown = f"{wraps.rpartition('.')[2]} ({'PyTorch' if wraps.startswith('torch') else 'optax'})"
    values = {"default_lr": default_lr(rule), **keywords_of(rule)}
    lines = [
        f"_target_: zdl_bench.optimizers.{adapter}",
        f"wraps: {wraps}",
        f"name: {file_name(wraps)}",
        f"display_name: {shown}",
    ]
    return "\n".join([*lines, *(f"{key}: {_yaml_value(value)}" for key, value in values.items())]) + "\n"


def file_name(wraps: str) -> str:
    return f"{wraps.partition('.')[0]}_{wraps.rpartition('.')[2].lower()}"


def _yaml_value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml_value, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    return text.replace("e-", ".0e-") if isinstance(value, float) and "." not in text else text


def all_rules() -> dict[str, Any]:
    return {name: rule for module in ("torch.optim", "optax", "optax.contrib") for name, rule in rules_of(module).items()}


if __name__ == "__main__":
    for wraps, rule in all_rules().items():
        (FOLDER / f"{file_name(wraps)}.yaml").write_text(yaml_text(wraps, rule), encoding="utf-8")
        print(file_name(wraps))
