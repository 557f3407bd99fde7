"""DoWG: DoG with gradients weighted by the distance from the start."""

import math
from dataclasses import dataclass

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.ranges import require_above_zero
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class DoWG(Elementwise):
    """r ← max(r, ‖w − w₀‖²),  G ← G + r‖g‖²,  w ← w − lr·r/(√G + ε) · g

    r starts at ε and G at 0. There is no learning rate: lr is the factor of the schedule alone. Gradients that come late, far
    from the start, count more than in DoG, so that steps shrink less.

    epsilon: ε > 0, also the first guess of the squared distance, as in optax.
    Where implementations disagree: the paper has no ε beside √G, optax has. The theorem of the paper is about an average of the
    iterates; implementations answer with the last one, as here.
    Source: Khaled, Mishchenko & Jin 2023, DoWG unleashed: an efficient universal parameter-free gradient descent method,
    arXiv:2305.16284.
    """

    epsilon: float = 1e-4
    buffers = {"start": "w"}
    memory = {"G": 0.0}

    def __post_init__(self) -> None:
        require_above_zero(self, "epsilon")

    def init(self, params: Floats, step: Step) -> State:
        state = super().init(params, step)
        state.scalars["r"] = self.epsilon
        return state

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        kernels, memory = kernels_for_vectors(len(params), params.dtype), state.scalars
        memory["r"] = max(memory["r"], kernels.squared_distance(params, state.arrays["start"]))
        memory["G"] += memory["r"] * kernels.dot(grad, grad)
        super().update(params, grad, state, step)

    def scalars(self, step: Step, memory: dict[str, float]) -> dict[str, float]:
        return {"rate": step.lr * memory["r"] / (math.sqrt(memory["G"]) + self.epsilon)}

    @staticmethod
    def rule(w, g, start, *, rate):
        return w - rate * g, start
