"""The base class of rules that another library computes."""

import importlib
from collections.abc import Mapping
from dataclasses import make_dataclass
from typing import Any, ClassVar, Self

from zdl_bench.errors import ConfigError, display
from zdl_bench.optimizers.optimizer import Optimizer
from zdl_bench.run.config import PlainValue


class LibraryRule(Optimizer):
    """A rule of another library, named by the key `wraps` of its YAML, for example `wraps: torch.optim.AdamW`.

    The other keys of the YAML are keywords of the library, with the library's defaults. `wrapping` makes a dataclass of them.
    The bits of the runs are those of the library, so its version is part of their ids.
    """

    libraries: ClassVar[tuple[str, ...]]
    """The modules whose installed versions decide the bits."""
    extra: ClassVar[str]
    """The extra of this package that installs the libraries."""
    wraps: ClassVar[str]

    @classmethod
    def wrapping(cls, wraps: str, keywords: Mapping[str, Any]) -> type[Self]:
        """Return the dataclass of one rule of the library, with a field per keyword. The default of a field tells its type."""
        fields = [(key, _type_of(value), tuple(value) if isinstance(value, list) else value) for key, value in keywords.items()]
        about = {"wraps": wraps, "__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}({wraps})"}
        return make_dataclass(cls.__name__, fields, bases=(cls,), frozen=True, namespace=about)

    def require_accepted(self) -> None:
        """Raise ConfigError if the library rejects the values of the keywords."""
        try:
            self.try_out()
        except Exception as error:  # a library may raise any exception
            raise ConfigError(
                f"optimizer: {self.wraps} rejects its keywords ({display(f'{type(error).__name__}: {error}')}); "
                f"given are {display(self.keywords)}"
            ) from error

    def try_out(self) -> None:
        """Make the rule for a small array. Pass on the exceptions of the library."""

    @property
    def keywords(self) -> dict[str, Any]:
        return dict(vars(self))

    def callable_of_library(self) -> Any:
        """Return the class or function that `wraps` names."""
        module, _, name = self.wraps.rpartition(".")
        return getattr(importlib.import_module(module), name)


def _type_of(default: Any) -> Any:
    """Return the type of a keyword with this default. The library itself checks a value whose default is null."""
    if isinstance(default, list):
        kinds = {_type_of(item) for item in default}
        return tuple[kinds.pop() if len(kinds) == 1 else PlainValue, ...]  # type: ignore[misc]
    return PlainValue if default is None else type(default)
