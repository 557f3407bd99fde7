"""Find out whether a sweep's report is up to date.

No plotting library is imported for it, unless a font was missing when the figures were drawn.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from zdl_bench.errors import DamagedFile, MissingRun, StoreError, printable
from zdl_bench.language import speaking, translate
from zdl_bench.registry.conf_files import all_part_files
from zdl_bench.registry.languages import language_named
from zdl_bench.registry.sources import hash_of_sources
from zdl_bench.run.presentation import FORMATS, PLAIN, Presentation
from zdl_bench.store.manifest import Manifest, Report
from zdl_bench.store.runs import choose_engine, other_engine
from zdl_bench.store.store import Store

PAGE_FILE = "report.html"
VERDICTS_FILE = "tables/verdicts.txt"
ANSWER_FILE = "tables/answer.txt"
MAX_ANSWER = 20_000
"""Largest size of a file with an answer that is printed, in bytes."""
MAX_VERDICTS = 200_000
"""Largest size of a verdict file that is printed, in bytes. The verdict files of shipped experiments have up to 4,000."""
LIBRARIES = ("matplotlib", "seaborn", "pandas", "numpy", "scipy", "jinja2", "pillow", "plotly", "itables")
SOURCES = ("*.py", "*.jinja", "*.css", "*.js")


def page_path(store: Store, manifest: Manifest) -> Path:
    return store.sweep_folder(manifest.name) / PAGE_FILE


def verdict_text(store: Store, manifest: Manifest) -> str:
    """Return the verdicts in a sweep's report, or the path of the verdict file if it is larger than MAX_VERDICTS.

    The text is empty if the report has no verdicts.
    """
    path = store.sweep_folder(manifest.name) / VERDICTS_FILE
    if VERDICTS_FILE not in manifest.report.files or not path.is_file():
        return ""
    if path.stat().st_size > MAX_VERDICTS:
        return translate("verdicts: {path}", path=path) + "\n"
    return printable(path.read_text(encoding="utf-8", errors="replace"))


def answer_lines(store: Store, manifest: Manifest) -> list[str]:
    """Return the lines of the answer in a sweep's report; none if there is none, or if its file is larger than MAX_ANSWER."""
    path = store.sweep_folder(manifest.name) / ANSWER_FILE
    if ANSWER_FILE not in manifest.report.files or not path.is_file() or path.stat().st_size > MAX_ANSWER:
        return []
    return printable(path.read_text(encoding="utf-8", errors="replace")).splitlines()


class IntactRuns(NamedTuple):
    """The engine and the checksums of the runs that a report shows, in the order of the plan, and the errors of the others."""

    engine: int
    checksums: list[str]
    missing: dict[str, StoreError]


def intact_runs(store: Store, manifest: Manifest) -> IntactRuns:
    """Read the content of all runs of a sweep, but do not decode it. Runs of other engines than the shown one are missing."""
    found: dict[str, tuple[str, int]] = {}
    missing: dict[str, StoreError] = {}
    for run_id in manifest.run_ids:
        try:
            found[run_id] = store.sound_checksum(run_id)
        except (MissingRun, DamagedFile) as error:
            missing[run_id] = error
    engine = choose_engine(made_by for _, made_by in found.values())
    missing |= {run_id: other_engine(run_id, made_by) for run_id, (_, made_by) in found.items() if made_by != engine}
    return IntactRuns(engine, [checksum for checksum, made_by in found.values() if made_by == engine], missing)


def with_formats_of(report: Report, formats: Sequence[str]) -> list[str]:
    """Return the formats of figures with those that a report has already, so that none of its figures is deleted."""
    return [name for name in FORMATS if name in formats or name in report.formats]


def is_built_from(
    checksums: Sequence[str], store: Store, manifest: Manifest, formats: Sequence[str], presentation: Presentation = PLAIN
) -> bool:
    """Return whether the report is complete and up to date.

    That is, all its files exist, and this version of the code built the report from this manifest, in these formats and this
    presentation, and from runs with these checksums in this order. No font that its figures lacked has been installed since.
    """
    folder = store.sweep_folder(manifest.name)
    is_whole = bool(manifest.report.files) and all((folder / file).is_file() for file in manifest.report.files)
    is_same = is_whole and manifest.report.inputs == hash_of_inputs(manifest, formats, checksums, presentation)
    return is_same and _has_its_fonts(manifest.report)


def _has_its_fonts(report: Report) -> bool:
    """Return whether no font has been installed without which the figures are in English."""
    if report.figure_language == report.language:
        return True
    from zdl_bench.report.language_fonts import figure_language  # imports matplotlib

    with speaking(language_named(report.language)):
        return figure_language().code == report.figure_language


def hash_of_inputs(
    manifest: Manifest, formats: Sequence[str], checksums: Sequence[str], presentation: Presentation = PLAIN
) -> str:
    """Return the SHA-256 of everything that determines a report.

    These are the manifest, the formats, the presentation, the checksums of the runs, the source files, the YAML files, the
    texts of the language, and the versions of LIBRARIES.
    """
    shown = [manifest.name, manifest.title, manifest.command, manifest.started, manifest.finished]
    until = None if manifest.until is None else asdict(manifest.until)
    asked = [manifest.experiment, manifest.tuning_seeds, manifest.tune, manifest.run_ids, manifest.looks, until]
    about = [shown, asked, list(formats), presentation.about, list(checksums)]
    total = hashlib.sha256(json.dumps(about).encode())
    total.update(json.dumps([version(library) for library in LIBRARIES]).encode())
    total.update(hash_of_sources(*SOURCES).encode())
    language = language_named(presentation.language)
    total.update(json.dumps([sorted(language.texts.items()), sorted(language.counted.items())]).encode())
    for path in all_part_files():
        total.update(path.read_bytes())
    return total.hexdigest()
