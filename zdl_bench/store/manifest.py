"""The manifest of a sweep: a JSON file with everything that the store keeps about the sweep, except its runs."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from zdl_bench.run.config import RUN_ID
from zdl_bench.run.experiment import Experiment
from zdl_bench.run.presentation import PLAIN, Presentation
from zdl_bench.run.run import Status
from zdl_bench.run.untrusted import decode_as, parse_json, require_bounded

MAX_SWEEP_RUNS = 200_000
"""The largest number of runs in a sweep. Commands on a store with more files would take too long."""
MAX_MANIFEST = 70_000_000
"""The largest size of a manifest, in bytes. A manifest with MAX_SWEEP_RUNS runs and their summaries has 63 million bytes."""
MAX_MANIFEST_MEMORY = 700_000_000
"""The largest result of `max_memory_of` for a manifest, in bytes.

With MAX_SWEEP_RUNS runs, and a character such as β in the text, the result is 672 million.
"""
MAX_LOOKS = 100
"""The largest number of earlier looks in a manifest."""
PYTHON_CALL = "zdl_bench.sweep("
"""The start of the command of a sweep that only Python can start, since it was given objects."""
REPORT_FILE = re.compile(r"(?:figures/|tables/)?[A-Za-z0-9_-][A-Za-z0-9._=-]{0,199}")
SHA256 = re.compile(r"[0-9a-f]{64}")
RESULTS = {status.value for status in Status if status.is_result}


@dataclass(frozen=True)
class Report:
    """The state of a sweep's report: what there is, and how it is to look. `files` is empty before the first report.

    inputs: a hash of everything that the report was built from. files: the paths of the report's files below the sweep's
        folder. formats: the file formats of its figures. style, width, columns, language: see
        `Presentation`. figure_language: that in which its figures are, English if no font had the letters of its language.
    """

    inputs: str = ""
    files: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    style: str = PLAIN.style
    width: int | None = PLAIN.width
    columns: list[str] = field(default_factory=lambda: [*PLAIN.columns])
    language: str = PLAIN.language
    figure_language: str = PLAIN.language

    @property
    def presentation(self) -> Presentation:
        """How the report is to look. Raises ConfigError if its style file is gone."""
        return Presentation(self.style, self.width, tuple(self.columns), language=self.language)

    def to_look(self, presentation: Presentation) -> "Report":
        """Return the report with another look, in which it has yet to be built."""
        asked = presentation
        return replace(self, style=asked.style, width=asked.width, columns=[*asked.columns], language=asked.language)


@dataclass(frozen=True)
class Summaries:
    """Short summaries of a sweep's runs. They save a repeated command from decoding all run files again.

    code: SHA-256 of the source code that computed the summaries. runs: `RunSummary.as_list()` of each run, by run id.
    """

    code: str = ""
    runs: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class LookRecord:
    """A look at a sweep: with how many seeds, and what it decided, in words."""

    seeds: int
    decisions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class UntilDecided:
    """The plan of a sweep that adds seeds until it is decided, from `first_seed` on, and its looks so far.

    margin: the ratio within which two optimizers count as equivalent, or None.
    """

    first_seed: int
    max_seeds: int
    margin: float | None = None
    looks: list[LookRecord] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        has_margin = self.margin is None or 1 < self.margin < math.inf
        return has_margin and 1 <= self.max_seeds <= MAX_SWEEP_RUNS and len(self.looks) <= MAX_LOOKS


@dataclass(frozen=True)
class Manifest:
    """The record of a sweep: its command, its run ids in the order of the plan, and its start and end (UTC, ISO 8601).

    experiment: the content of the experiment's YAML when the sweep ran, with its claims, or None if there is no experiment.
    looks: the numbers of seeds, ascending, with which reports were built before the sweep was extended to its seeds.
    tuning_seeds: the seeds on which a sweep without an experiment chose learning rates. An experiment's are in its content.
    tune: the keys besides the learning rate that such a sweep chose on them.
    until: the plan of the looks if the sweep adds seeds until it is decided, otherwise None.
    """

    name: str
    title: str
    command: str
    overrides: list[str]
    run_ids: list[str]
    started: str
    finished: str | None = None
    experiment: dict[str, Any] | None = None
    report: Report = field(default_factory=Report)
    summaries: Summaries = field(default_factory=Summaries)
    looks: list[int] = field(default_factory=list)
    tuning_seeds: list[int] = field(default_factory=list)
    until: UntilDecided | None = None
    tune: list[str] = field(default_factory=list)

    @property
    def as_experiment(self) -> Experiment:
        """The sweep as an experiment. A sweep without one has one block, no claims, and perhaps tuning seeds.

        Raises ConfigError if the content of the experiment is not valid.
        """
        return Experiment.of(self.name, self._tuning if self.experiment is None else self.experiment)

    @property
    def _tuning(self) -> dict[str, Any]:
        return {"tuning_seeds": self.tuning_seeds, "tune": self.tune}

    @property
    def is_sound(self) -> bool:
        """Whether run ids are valid and distinct, files lie in the sweep's folder, and summaries and looks are well-formed.

        Raises ValueError if the start or the end is not a time in ISO 8601.
        """
        for time in (self.started, self.started if self.finished is None else self.finished):
            datetime.fromisoformat(time)
        ids = all(RUN_ID.fullmatch(run_id) for run_id in (*self.run_ids, *self.summaries.runs))
        files = all(REPORT_FILE.fullmatch(file) for file in self.report.files)
        once = len({*self.run_ids}) == len(self.run_ids) <= MAX_SWEEP_RUNS
        code = self.summaries.code == "" or SHA256.fullmatch(self.summaries.code)
        looks = self.looks == sorted({*self.looks}) and len(self.looks) <= MAX_LOOKS
        looks = looks and all(1 <= look <= MAX_SWEEP_RUNS for look in self.looks)
        looks = looks and (self.until is None or self.until.is_sound)
        return bool(ids and files and once and code and looks) and all(map(_is_summary, self.summaries.runs.values()))


def _is_summary(values: Any) -> bool:
    match values:
        case [str(content), str(file), str(status), bool(), float() | None, float() | None, float() | None, *digests]:
            is_long = len(digests) == 2 and isinstance(digests[1], float)  # the test loss of a regression
            has_digest = (len(digests) == 1 or is_long) and RUN_ID.fullmatch(str(digests[0]))  # engine 1 wrote none
            is_hashed = SHA256.fullmatch(content) and SHA256.fullmatch(file) and (has_digest or not digests)
            return bool(is_hashed) and status in RESULTS
    return False


def encode_manifest(manifest: Manifest) -> str:
    """Return the JSON text of a manifest, with its checksum."""
    until = None if manifest.until is None else asdict(manifest.until)
    stored = vars(manifest) | {"report": vars(manifest.report), "summaries": vars(manifest.summaries), "until": until}
    return json.dumps(stored | {"checksum": _checksum(stored)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def decode_manifest(content: bytes, name: str) -> Manifest:
    """Return the manifest in a file's content.

    Raise ValueError, TypeError, AttributeError or RecursionError if the content is not a sound manifest of the sweep `name`.
    """
    stored = parse_json(content, MAX_MANIFEST_MEMORY)
    if stored.pop("checksum", None) not in (None, _checksum(stored)):  # earlier versions wrote no checksum
        raise ValueError("the checksum does not match the content")
    require_bounded({key: value for key, value in stored.items() if key not in ("run_ids", "summaries")})  # both may be long
    manifest: Manifest = decode_as(Manifest, stored, "")
    if manifest.name != name or not manifest.is_sound:
        raise ValueError(f"the file is not a manifest of {name}")
    return manifest


def _checksum(stored: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of a manifest, in hex. The hash detects damage, not forgery."""
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()
