"""The ranges of hyper-parameters that most rules have. Each error names the key and the range."""

import math

from zdl_bench.errors import require
from zdl_bench.optimizers.optimizer import Optimizer


def require_decay_rates(rule: Optimizer, *names: str) -> None:
    """Raise ConfigError unless the hyper-parameters of these names are in [0, 1)."""
    for name in names:
        value = getattr(rule, name)
        require(f"optimizer.{name}", value, 0 <= value < 1, f"{name} must be in [0, 1)")


def require_above_zero(rule: Optimizer, *names: str) -> None:
    """Raise ConfigError unless the hyper-parameters of these names are finite and above 0."""
    for name in names:
        value = getattr(rule, name)
        require(f"optimizer.{name}", value, 0 < value < math.inf, f"{name} must be finite and above 0")


def require_at_least_zero(rule: Optimizer, *names: str) -> None:
    """Raise ConfigError unless the hyper-parameters of these names are finite and at least 0."""
    for name in names:
        value = getattr(rule, name)
        require(f"optimizer.{name}", value, 0 <= value < math.inf, f"{name} must be finite and at least 0")
