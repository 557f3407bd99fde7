"""Parts that a program handed over as objects. They have no YAML; a sweep and its child processes know them by name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from zdl_bench.registry.object_code import ClassCode


@dataclass(frozen=True)
class GivenPart:
    """A part that was handed over as an object. implementation: its class. declaration: what its YAML would hold."""

    implementation: type
    declaration: Mapping[str, Any]
    code: ClassCode


@dataclass(frozen=True, eq=False)
class GivenParts:
    """The parts that were handed over to a sweep, by group and name. What is looked up for a sweep is remembered with them."""

    parts: Mapping[tuple[str, str], GivenPart] = field(default_factory=dict)

    def find(self, group: str, name: str) -> GivenPart | None:
        return self.parts.get((group, name))


_IN_USE = ContextVar("_IN_USE", default=GivenParts())  # noqa: B039  (it is never changed)


def given_parts() -> GivenParts:
    """Return the parts of the sweep that calls this, none outside of a sweep and in other threads."""
    return _IN_USE.get()


@contextmanager
def parts_in_use(parts: GivenParts) -> Iterator[None]:
    """Make these parts, and no others, known in the block. Whatever was looked up in YAMLs before is looked up anew."""
    token = _IN_USE.set(parts)
    try:
        yield
    finally:
        _IN_USE.reset(token)
