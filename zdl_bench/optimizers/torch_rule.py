"""The rules of torch.optim, as torch computes them on the CPU."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from zdl_bench.optimizers.library_rule import LibraryRule
from zdl_bench.optimizers.optimizer import State, Step
from zdl_bench.run.run import Floats


@dataclass
class TorchState(State):
    """The optimizer objects of torch, which keep their own state, and the tensors that they change."""

    optimizers: Sequence[Any] = ()
    tensors: Sequence[Any] = ()


class TorchRule(LibraryRule):
    """A class of torch.optim. It changes the parameters in place, one tensor per weight matrix or bias, on one thread.

    Source: https://docs.pytorch.org/docs/stable/optim.html
    """

    libraries: ClassVar = ("torch",)
    extra: ClassVar = "torch"

    def init(self, params: Floats, step: Step) -> State:
        import torch

        tensors = [torch.from_numpy(part.view(params)) for part in step.layout]
        return TorchState(optimizers=self.optimizers(tensors, step.base_lr), tensors=tensors)

    def update(self, params: Floats, grad: Floats, state: State, step: Step) -> None:
        import torch

        assert isinstance(state, TorchState)
        for tensor, part in zip(state.tensors, step.layout, strict=True):
            tensor.data, tensor.grad = torch.from_numpy(part.view(params)), torch.from_numpy(part.view(grad))
        with _one_thread():
            for optimizer in state.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = step.lr
                optimizer.step()

    def optimizers(self, tensors: Sequence[Any], lr: float) -> list[Any]:
        return [self.callable_of_library()(tensors, lr=lr, **self.keywords)]

    def try_out(self) -> None:
        import torch

        self.optimizers([torch.zeros(2, 2)], 0.001)


class TorchMatrixRule(TorchRule):
    """A class of torch.optim for matrices alone. All other arrays are changed by torch.optim.AdamW with the same lr.

    AdamW has its own defaults, as the documentation of torch.optim.Muon advises for biases.
    """

    def optimizers(self, tensors: Sequence[Any], lr: float) -> list[Any]:
        import torch

        matrices = [tensor for tensor in tensors if tensor.ndim == 2]
        others = [tensor for tensor in tensors if tensor.ndim != 2]
        made = super().optimizers(matrices, lr) if matrices else []
        return [*made, *([torch.optim.AdamW(others, lr=lr)] if others else [])]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread, since a sum depends on how it is shared out to threads. Restore the number of threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
