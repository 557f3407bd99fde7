"""Optimizers that are given as objects → names that a command line could give."""

import math
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from zdl_bench.errors import ConfigError, display
from zdl_bench.optimizers.optimizer import Optimizer
from zdl_bench.plan.schema import forget_choice, register_choice
from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.given_parts import GivenPart, GivenParts, given_parts, parts_in_use
from zdl_bench.registry.object_code import code_of_class
from zdl_bench.registry.part_types import declared_fields, default_values
from zdl_bench.run.config import freeze

GROUP = "optimizer"


@dataclass
class NamedOptimizers:
    """The names of optimizers that were given as objects. They are known until `close`: a later sweep may find other YAMLs.

    classes: name → the class of an object that no YAML names.
    """

    classes: dict[str, type] = field(default_factory=dict)
    has_objects: bool = False
    _known: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._known.enter_context(parts_in_use(GivenParts()))

    def names_of(self, given: object) -> object:
        """Return the given optimizers with a name in place of each object. A name or a list of names is returned unchanged.

        An object of a class that a YAML names stands for that YAML, with other values where they differ. An object of a class
        of the user's own gets the name of its class, SignSGD for example sign_sgd. Raise ConfigError for an object that is no
        frozen dataclass of the contract, or whose code cannot be identified.
        """
        if isinstance(given, Iterable) and not isinstance(given, str | tuple | Mapping):
            return [self._name_or_value(item) for item in given]
        return self._name_or_value(given)

    def close(self) -> None:
        self._known.close()

    def _name_or_value(self, item: object) -> object:
        if type(item).__module__ == "builtins" and not isinstance(item, type):
            return item
        self.has_objects = True
        return self._name(_checked(item))

    def _name(self, optimizer: Optimizer) -> str:
        """Make an object known by a name, and return the name."""
        implementation = type(optimizer)
        values = {one.name: getattr(optimizer, one.name) for one in fields(optimizer) if one.init}  # type: ignore[arg-type]
        name = self._name_of_known(implementation) or _yaml_of(implementation, values)
        usual = conf_files.load_yaml(GROUP, name) if name else default_values(implementation)
        name = name or self._give(implementation, values)
        typed = registry.typed_values(GROUP, name, values)
        other = {key: value for key, value in typed.items() if key not in usual or value != freeze(usual[key])}
        token = f"{name}({', '.join(f'{key}={value}' for key, value in other.items())})" if other else name
        if other or name in self.classes:
            register_choice(GROUP, token, {**conf_files.load_yaml(GROUP, name), **_as_yaml(typed)})
            self._known.callback(forget_choice, GROUP, token)
        return token

    def _name_of_known(self, implementation: type) -> str | None:
        return next((name for name, known in self.classes.items() if known is implementation), None)

    def _give(self, implementation: type, values: Mapping[str, Any]) -> str:
        """Make a class known under the name that its own name gives. Its YAML is what the class says of itself."""
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", implementation.__name__).lower()
        if name in conf_files.names(GROUP) or self.classes.setdefault(name, implementation) is not implementation:
            raise ConfigError(f"optimizer={implementation.__name__}: another optimizer is named {name}, too; rename the class")
        try:
            declared_fields(implementation)
        except TypeError as error:
            raise ConfigError(f"optimizer={implementation.__name__}: {error}") from error
        default_lr = getattr(implementation, "default_lr", math.nan)
        about: dict[str, object] = {"_target_": _target(implementation), "name": name}
        about |= {} if default_lr != default_lr else {"default_lr": default_lr}
        code = code_of_class(implementation)
        assert code.source, "ENGINE_VERSION covers no class that no YAML names"
        part = GivenPart(implementation, about | _as_yaml(values), code)
        self._known.enter_context(parts_in_use(GivenParts({**given_parts().parts, (GROUP, name): part})))
        return name


def _checked(given: object) -> Optimizer:
    if isinstance(given, type):
        raise ConfigError(f"optimizer={given.__name__}: this is a class; give an object of it, such as {given.__name__}()")
    if not isinstance(given, Optimizer):
        kind = display(type(given).__name__)
        raise ConfigError(
            f"optimizer={kind}: give a name, or an object of a class below zdl_bench.optimizers.optimizer.Optimizer"
        )
    if not (is_dataclass(given) and type(given).__dataclass_params__.frozen):
        raise ConfigError(
            f"optimizer={type(given).__name__}: write @dataclass(frozen=True) above this class, and run the cell again"
        )
    return given


def _yaml_of(implementation: type, values: Mapping[str, Any]) -> str | None:
    """Return the name of the YAML that names a class, the one with the closest values if there are several, or None."""
    yamls = [(name, conf_files.load_yaml(GROUP, name)) for name in conf_files.names(GROUP)]
    fitting = [
        (sum(freeze(yaml.get(key)) != value for key, value in values.items()), name)
        for name, yaml in yamls
        if yaml["_target_"] == _target(implementation)
    ]
    return min(fitting)[1] if fitting else None


def _target(implementation: type) -> str:
    return f"{implementation.__module__}.{implementation.__qualname__}"


def _as_yaml(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
