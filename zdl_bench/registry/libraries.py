"""Parts that another library computes: the key `wraps` of their YAML names a rule of torch.optim, optax or an own module."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from zdl_bench.errors import ConfigError
from zdl_bench.registry.conf_places import ConfPlace
from zdl_bench.registry.part_class import let_import
from zdl_bench.registry.sources import code_of

WRAPS = "wraps"


def wrapped(implementation: Any, yaml: Mapping[str, Any], about_part: frozenset[str], place: ConfPlace) -> Any:
    """Return the class of a part. An adapter makes it from the keywords in the YAML, which are the keys not in `about_part`.

    place: where the YAML was found; the module of the rule may stand there.
    """
    if WRAPS not in yaml:
        return implementation
    let_import(yaml[WRAPS].rpartition(".")[0], place)
    return implementation.wrapping(yaml[WRAPS], {key: value for key, value in yaml.items() if key not in about_part})


def library_code(implementation: Any) -> dict[str, str]:
    """Return module → version or hash of what computes a part, beside this package; nothing for a part that wraps nothing.

    Raise ConfigError if a library is not installed.
    """
    libraries = getattr(implementation, "libraries", ())
    missing = [library for library in libraries if importlib.util.find_spec(library) is None]
    if missing:
        raise ConfigError(
            f"optimizer: {implementation.wraps} needs {missing[0]}, which is not installed; "
            f"pip install 'zdl_bench[{implementation.extra}]'"
        )
    modules = [*libraries, implementation.wraps.rpartition(".")[0]] if libraries else []
    return {module: code for name in modules for module, code in code_of(name).items()}


def library_versions(implementation: Any) -> dict[str, str]:
    """Return `libraries` → the distributions, with versions, that decide the bits of a part; nothing if it wraps nothing."""
    code, libraries = library_code(implementation), getattr(implementation, "libraries", ())
    return {"libraries": ", ".join(code[library] for library in libraries)} if libraries else {}
