"""The code that ENGINE_VERSION covers.

`python tests/covered_code.py` writes the list anew: a part was changed and its numbers were not, or ENGINE_VERSION was raised.
"""

import json

from zdl_bench.registry import conf_files, registry
from zdl_bench.registry.sources import ALL_PARTS, COVERED_CODE, hash_of_parts


def current() -> dict[str, str]:
    """Part or module → its hash, for all that `conf/` names."""
    parts = [(group, name) for group in registry.GROUPS_OF_A_RUN for name in conf_files.names(group)]
    return {key: value for part in parts for key, value in registry.code_hashes(*part).items()} | {ALL_PARTS: hash_of_parts()}


if __name__ == "__main__":
    COVERED_CODE.write_text(json.dumps(current(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(current())} hashes written")
