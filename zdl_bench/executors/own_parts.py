"""The YAMLs and modules in the user's folders, which are sent to the workers of a cluster."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from zdl_bench.errors import ExecutorError
from zdl_bench.registry.conf_places import named_folders

SUFFIXES = (".py", ".yaml")
MAX_BYTES_SENT = 10_000_000
"""Largest size of all files that are sent together."""

OwnParts = Mapping[str, bytes]
"""Path below a common folder → content. The first component of each path is the number of the user's folder."""


def read_own_parts() -> OwnParts:
    """Return the YAMLs and modules of all folders that the user names, nothing if there are none.

    Raise ExecutorError if they are too large to be sent.
    """
    found, size = {}, 0
    for number, folder in enumerate(named_folders()):
        for path in _files_below(folder):
            size += path.stat().st_size
            if size > MAX_BYTES_SENT:
                raise ExecutorError(
                    f"{folder}: its YAMLs and modules have more than {MAX_BYTES_SENT:,} bytes, too many to send to a cluster; "
                    "name a folder that holds only your parts"
                )
            found[f"{number}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return found


def write_own_parts(parts: OwnParts, folder: Path) -> str:
    """Write the files below `folder`, unless they are there, and return the value for ZDL_BENCH_CONF that names their folders.

    Files with other content go to another subfolder, so that nobody meets old code.
    """
    content = hashlib.sha256(b"".join(f"{path}:{len(parts[path])}:".encode() + parts[path] for path in sorted(parts)))
    target = folder / f"zdl_bench_parts-{content.hexdigest()[:16]}"
    if not target.is_dir():
        draft = Path(tempfile.mkdtemp(dir=folder))
        for path, data in parts.items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_bytes(data)
        try:
            draft.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
    return os.pathsep.join(str(path) for path in sorted(target.iterdir()))


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the files, except those in hidden folders and in environments of Python."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] not in "._" and not Path(parent, name, "pyvenv.cfg").exists())
        yield from (Path(parent, name) for name in sorted(files) if name.endswith(SUFFIXES))
