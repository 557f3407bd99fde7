"""Delivery of parts that a program handed over as objects, from a parent process to its child."""

import pickle
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from zdl_bench.errors import ExecutorError
from zdl_bench.registry.given_parts import GivenParts, given_parts
from zdl_bench.run.config import RunConfig


def pack_parts() -> bytes:
    """Return the parts that were handed over to this sweep as objects, as bytes for the pipe to a child; empty without any.

    Raise ExecutorError if one cannot leave this process.
    """
    given = given_parts().parts
    if not given:
        return b""
    import cloudpickle

    try:
        return cast("bytes", cloudpickle.dumps({**given}))
    except Exception as error:  # pickling runs code of the user
        names = ", ".join(f"{group}={name}" for group, name in given)
        raise ExecutorError(f"{names}: this object cannot be sent to a process ({error}); use executor='serial'") from error


def unpack_parts(packed: bytes) -> GivenParts:
    """Return the parts in the bytes. Never call this with bytes from anywhere but the parent's pipe."""
    with suppress(Exception):  # unpickling runs code of the user; without their part, the runs will fail
        return GivenParts(pickle.loads(packed) if packed else {})  # noqa: S301  (written by the parent)
    return GivenParts()


def require_named(configs: Sequence[RunConfig]) -> None:
    """Raise ExecutorError if a run has a part that was handed over as an object, which workers elsewhere do not know."""
    for config in configs:
        for group, part in config.parts:
            if given_parts().find(group, part.name):
                raise ExecutorError(
                    f"{group}={part.name}: an object stays on this machine; use executor='processes' or 'serial', "
                    "or install the class and its YAML on every worker"
                )
