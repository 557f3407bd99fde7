"""Removal of a sweep and of the runs that no other sweep of the store needs."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from zdl_bench.errors import DamagedFile, StoreError
from zdl_bench.run.atomic import folder_to_itself
from zdl_bench.store.store import Store


@dataclass(frozen=True)
class Removal:
    """What the removal of a sweep takes away: its folder, and the files of `runs`. needed_by: other sweep → shared runs."""

    name: str
    folder: Path
    runs: tuple[Path, ...]
    needed_by: dict[str, int]
    planned: int
    bytes: int

    @property
    def kept(self) -> int:
        """The number of stored runs of the sweep that stay, since other sweeps need them."""
        return self.planned - len(self.runs)


def plan_removal(store: Store, name: str) -> Removal:
    """Return what the removal of a sweep takes away.

    Raise StoreError if there is no such sweep, if the manifest of any sweep is damaged, so that nobody knows which runs it
    needs, or if a folder is a link, which may lead out of the store.
    """
    manifest, folder = store.read_manifest(name), store.sweep_folder(name)
    needed: dict[str, set[str]] = {}
    for other in store.sweep_names():
        if other != name:
            try:
                needed[other] = {*store.read_manifest(other).run_ids} & {*manifest.run_ids}
            except DamagedFile as error:
                raise StoreError(f"{error}. Until then nobody knows which runs {other} needs, so nothing is removed") from error
    stored = [run_id for run_id in manifest.run_ids if store.has(run_id)]
    files = tuple(store.run_path(run_id) for run_id in stored if not any(run_id in ids for ids in needed.values()))
    _require_no_link(store, folder, *sorted({path.parent for path in files}))
    inside = [path for path in folder.rglob("*") if not path.is_dir()]
    size = sum(path.lstat().st_size for path in (*files, *inside))
    return Removal(name, folder, files, {other: len(ids) for other, ids in needed.items() if ids}, len(stored), size)


def remove_sweep(store: Store, removal: Removal) -> None:
    """Remove a sweep: its runs first and its manifest last, so that the same command completes a removal that was killed.

    Raise StoreError if a sweep of the store is being written, or if the store has changed since the removal was planned.
    """
    try:
        (store.root / "runs").mkdir(exist_ok=True)
        with folder_to_itself(store.root / "runs"):
            if plan_removal(store, removal.name) != removal:
                raise StoreError(f"{store.root} has changed in the meantime, so nothing was removed; repeat the command")
            for path in removal.runs:
                path.unlink(missing_ok=True)
            manifest = removal.folder / "sweep.json"
            for path in sorted(removal.folder.iterdir()):
                if path != manifest:
                    _remove_path(path)
            manifest.unlink()
            removal.folder.rmdir()
    except BlockingIOError as error:
        raise StoreError(f"{store.root}: a sweep is being written there; wait for its end, then repeat the command") from error
    except OSError as error:
        raise StoreError(
            f"{removal.name} cannot be removed ({error.strerror}: {error.filename}); check permissions and repeat the command"
        ) from error


def _remove_path(path: Path) -> None:
    """Remove a file, a folder or a link. What a link leads to stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _require_no_link(store: Store, *folders: Path) -> None:
    for folder in (store.root / "runs", store.root / "sweeps", *folders):
        if folder.is_symlink():
            raise StoreError(f"{folder} is a link, and nothing is removed through links; replace the link with a folder")
