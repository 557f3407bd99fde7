"""LARS: momentum with a learning rate in proportion to the length of the weights, in each matrix."""

from dataclasses import dataclass

from zdl_bench.optimizers.layerwise import Layer, LayerScalars
from zdl_bench.optimizers.optimizer import Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero, require_decay_rates


@dataclass(frozen=True)
class Lars(LayerScalars):
    """q = trust·‖w‖ / (‖g‖ + λ‖w‖),  v ← momentum·v + lr·q·(g + λw),  w ← w − v

    with the norms of each weight matrix. For biases q = 1 and λ = 0; q is also 1 if a norm is 0. v starts at 0.

    momentum: decay rate of v, in [0, 1). weight_decay: λ ≥ 0, coupled.
    trust: above 0; 0.001 in the paper, for an lr of several units.
    Biases get the plain gradient, so a large lr, which matrices need at a trust of 0.001, moves them far if the gradient is
    summed over a batch.
    Where implementations disagree: lr is inside v here, in the paper and in optax, and outside in PyTorch's manner, which gives
    the same steps only while lr is constant. With decay, optax divides by ‖g + λw‖. Some also scale the biases.
    Source: You, Gitman & Ginsburg 2017, Large batch training of convolutional networks, arXiv:1708.03888.
    """

    momentum: float = 0.9
    trust: float = 1.0
    weight_decay: float = 0.0
    buffers = {"v": 0.0}

    def __post_init__(self) -> None:
        require_decay_rates(self, "momentum")
        require_above_zero(self, "trust")
        require_at_least_zero(self, "weight_decay")

    def scalars_of(self, layer: Layer, step: Step, memory: dict[str, float]) -> dict[str, float]:
        if not layer.is_matrix:
            return {"rate": step.lr, "shrink": 0.0}
        of_w, of_g = layer.length(layer.w), layer.length(layer.g)
        ratio = self.trust * of_w / (of_g + self.weight_decay * of_w) if of_w and of_g else 1.0
        return {"rate": step.lr * ratio, "shrink": self.weight_decay}

    @staticmethod
    def rule(w, g, v, *, rate, shrink, momentum):
        v = momentum * v + rate * (g + shrink * w)
        return w - v, v
