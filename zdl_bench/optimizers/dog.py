"""DoG: SGD whose step is the distance from the start, over the root of the sum of all squared gradients."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from zdl_bench.kernels.choice import kernels_for_vectors
from zdl_bench.optimizers.elementwise import Elementwise
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.optimizers.ranges import require_above_zero, require_at_least_zero
from zdl_bench.run.run import Floats


@dataclass(frozen=True)
class DoG(Elementwise):
    """r ← max(r, ‖w − w₀‖),  G ← G + ‖g‖²,  w ← w − lr·r/√G · g;  the answer is a ← a + (1 + γ)/(t + γ) · (w − a)

    r starts at initial·(1 + ‖w₀‖), G at ε. There is no learning rate: lr is the factor of the schedule alone.

    initial: r_ε of the paper relative to 1 + ‖w₀‖; small, or the first steps are too long.
    epsilon: ε > 0; it prevents division by 0.
    gamma: γ ≥ 0; the average weighs step k by about k^γ. With 0, all iterates after the start weigh the same.
    Where implementations disagree: the authors demand the average, and have it in a class of its own; optax has none.
    Source: Ivgi, Hinder & Carmon 2023, DoG is SGD's best friend, arXiv:2302.12022; the average: Shamir & Zhang 2013,
    arXiv:1212.1824.
    """

    initial: float = 1e-6
    epsilon: float = 1e-8
    gamma: float = 8.0
    buffers = {"start": "w", "average": "w", "lost": 0.0, "way": 0.0}
    """lost: what rounding took from the sum of the steps; the first are so short that float32 would lose them. way: w − w₀."""

    def __post_init__(self) -> None:
        require_above_zero(self, "initial", "epsilon")
        require_at_least_zero(self, "gamma")

    def parts(self, params: Floats, step: Step) -> Iterator[tuple[str, slice]]:
        """Yield the name and the place of each part of the vector that has r and G of its own."""
        yield "", slice(0, len(params))

    def init(self, params: Floats, step: Step) -> State:
        state, dot = super().init(params, step), kernels_for_vectors(len(params), params.dtype).dot
        for name, part in self.parts(params, step):
            w = params[part]
            state.scalars |= {f"r{name}": self.initial * (1 + math.sqrt(dot(w, w))), f"G{name}": self.epsilon}
        return state

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        kernels, real, scalars = kernels_for_vectors(len(params), params.dtype), params.dtype.type, state.scalars
        share = (1 + self.gamma) / (step.number + self.gamma)
        for name, part in self.parts(params, step):
            w, g, *buffers = (vector[part] for vector in (params, grad, *state.arrays.values()))
            way = state.arrays["way"][part]
            scalars[f"r{name}"] = max(scalars[f"r{name}"], math.sqrt(kernels.dot(way, way)))
            scalars[f"G{name}"] += kernels.dot(g, g)
            rate = step.lr * scalars[f"r{name}"] / math.sqrt(scalars[f"G{name}"])
            kernels.update(self.rule, w, g, tuple(buffers), {"rate": real(rate), "share": real(share)})

    @staticmethod
    def rule(w, g, start, average, lost, way, *, rate, share):
        moved = lost - rate * g
        new = w + moved
        lost = moved - (new - w)
        return new, start, average + share * (new - average), lost, (new - start) + lost

    def answer(self, params: Floats, state: State) -> Floats:
        return state.arrays["average"]


@dataclass(frozen=True)
class LDoG(DoG):
    """L-DoG: w ← w − lr·r/√G · g for each matrix and each bias w by itself, with r and G of its own, as in DoG

    initial, epsilon, gamma: as in DoG. A bias that starts at 0 has r = initial at first.
    Source: Ivgi, Hinder & Carmon 2023, arXiv:2302.12022, section 3.3.
    """

    def parts(self, params: Floats, step: Step) -> Iterator[tuple[str, slice]]:
        if not step.layout:
            yield from super().parts(params, step)
        for number, tensor in enumerate(step.layout):
            yield f"{number}", slice(tensor.start, tensor.stop)
