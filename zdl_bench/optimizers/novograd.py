"""NovoGrad: momentum on gradients that are divided by their average norm, in each matrix and each bias."""

import math
from dataclasses import dataclass

from zdl_bench.optimizers.layerwise import Layer, LayerScalars
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class NovoGrad(LayerScalars):
    """v ← β₂v + (1 − β₂)‖g‖²,  m ← β₁m + g / (√v + ε) + λw,  w ← w − lr·m

    with one number v for each weight matrix and each bias: ‖g‖² of the first step, then the average. m starts at 0.

    beta1, beta2: decay rates of m and v, in [0, 1). epsilon: ε > 0. weight_decay: λ ≥ 0, inside m.
    A whole matrix moves by lr/(1 − β₁) at most, where Adam moves each element by lr: so lr is larger here.
    Where implementations disagree: β₂ is 0.25 here and in optax, 0.98 in the paper's later experiments, with β₁ 0.95.
    A variant of the paper has (1 − β₁) in front of g, which makes m an average and the steps 1/(1 − β₁) times shorter.
    Source: Ginsburg et al. 2019, Stochastic gradient methods with layer-wise adaptive moments for training of deep networks,
    arXiv:1905.11286.
    """

    beta1: float = 0.9
    beta2: float = 0.25
    epsilon: float = 1e-6
    weight_decay: float = 0.0
    buffers = {"m": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "beta1", "beta2")
        require_above_zero(self, "epsilon")
        require_at_least_zero(self, "weight_decay")

    def scalars_of(self, layer: Layer, step: Step, memory: dict[str, float]) -> dict[str, float]:
        square = layer.kernels.dot(layer.g, layer.g)
        memory[layer.name] = v = self.beta2 * memory.get(layer.name, square) + (1 - self.beta2) * square
        return {"divisor": math.sqrt(v) + self.epsilon}

    @staticmethod
    def rule(w, g, m, *, lr, divisor, weight_decay, beta1):
        m = beta1 * m + g / divisor + weight_decay * w
        return w - lr * m, m
