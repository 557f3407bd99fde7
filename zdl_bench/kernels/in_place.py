"""In-place NumPy calls that compute a rule: the same operations, without temporary arrays and extra passes over memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from zdl_bench.run.run import Floats

Rule = Callable[..., tuple[Any, ...]]
"""(w, g, *state, *scalars) → (w, *state), for one element or many. Uses only operators and NumPy's elementwise functions."""
Scalars = tuple[Any, ...]
"""The scalars of a step, in the dtype of the run."""
Update = Callable[[Floats, Floats, tuple[Floats, ...], Scalars], None]
"""(params, grad, state, scalars) → None. Applies one rule in place; all vectors have shape (n,)."""
SLICE = 65_536
"""Elements per slice: enough to amortize a call, few enough for weights, state and scratch to stay in cache."""


class Call(NamedTuple):
    """The call output ← ufunc(*inputs). The output and each input are numbers of places."""

    ufunc: np.ufunc
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class InPlace:
    """An Update as calls on numbered places. The places are w, g, the state, the scalars and scratch vectors, in this order."""

    calls: tuple[Call, ...]
    scratch: int

    def __call__(self, params: Floats, grad: Floats, state: tuple[Floats, ...], scalars: Scalars) -> None:
        vectors = (params, grad, *state)
        scratch = np.empty((self.scratch, min(len(params), SLICE)), params.dtype)
        for part in slices(len(params)):
            parts = [vector[part] for vector in vectors]
            places = [*parts, *scalars, *scratch[:, : len(parts[0])]]
            for ufunc, inputs, output in self.calls:
                ufunc(*[places[place] for place in inputs], out=places[output])


def slices(elements: int) -> Iterator[slice]:
    for start in range(0, elements, SLICE):
        yield slice(start, start + SLICE)


@dataclass
class _Recording:
    """The recorded calls of a rule. Values are numbered: the arguments first, then the results of the calls."""

    arguments: int
    calls: list[Call] = field(default_factory=list)


class _Symbol(NDArrayOperatorsMixin):
    """A stand-in for an array or a scalar while a rule is recorded."""

    def __init__(self, recording: _Recording, value: int) -> None:
        self.recording, self.value = recording, value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options or ufunc.nout != 1 or not all(isinstance(item, _Symbol) for item in inputs):
            return NotImplemented  # an operand is a literal number, or the function is not elementwise
        calls = self.recording.calls
        value = self.recording.arguments + len(calls)
        calls.append(Call(ufunc, tuple(item.value for item in inputs), value))
        return _Symbol(self.recording, value)

    def __bool__(self) -> bool:
        raise TypeError("a rule that branches on a value cannot be recorded")


def record_in_place(rule: Rule, buffers: int, scalars: int) -> InPlace | None:
    """Return the rule as in-place calls, or None if the rule does more than call ufuncs on its arguments."""
    recording = _Recording(2 + buffers + scalars)
    try:
        results = rule(*(_Symbol(recording, value) for value in range(recording.arguments)))
    except Exception:  # the rule does more with an argument than a symbol supports
        return None
    values = [result.value for result in results if isinstance(result, _Symbol) and result.value >= recording.arguments]
    if len(set(values)) < 1 + buffers:  # the rule returns an argument unchanged, or a result twice
        return None
    return _assign_places(recording, values)


def _assign_places(recording: _Recording, results: list[int]) -> InPlace:
    """Assign a place to each value: a result goes to its destination once the old value there is not read any more.

    All other values share as few scratch vectors as possible.
    """
    ends = dict(zip(results, (0, *range(2, 1 + len(results))), strict=True))
    last_read = {value: number for number, call in enumerate(recording.calls) for value in call.inputs}
    places = {value: value for value in range(recording.arguments)}
    free: list[int] = []
    scratch = 0
    calls = []
    for number, (ufunc, inputs, value) in enumerate(recording.calls):
        read_last = {each for each in inputs if last_read[each] == number and each not in ends}
        free += [places[each] for each in read_last if places[each] >= recording.arguments]
        if value in ends and last_read.get(ends[value], -1) <= number:
            places[value] = ends[value]
        elif free:
            places[value] = free.pop()
        else:
            places[value] = recording.arguments + scratch
            scratch += 1
        calls.append(Call(ufunc, tuple(places[each] for each in inputs), places[value]))
    moves = [Call(np.positive, (places[value],), end) for value, end in ends.items() if places[value] != end]
    return InPlace((*calls, *moves), scratch)
