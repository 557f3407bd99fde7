"""The manifest of a sweep: all that is stored of it besides its runs, as JSON."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zdl_bench.run.config import RUN_ID
from zdl_bench.run.run import Status
from zdl_bench.run.untrusted import decode_as, parse_json, require_bounded

MAX_SWEEP_RUNS = 200_000
"""Of a sweep: a store of more files cannot be handled in seconds."""
MAX_MANIFEST = 70_000_000
"""Bytes; a manifest of MAX_SWEEP_RUNS runs and their summaries has 60 million."""
MAX_MANIFEST_MEMORY = 650_000_000
"""Upper bound on the bytes of the values in a manifest. For MAX_SWEEP_RUNS summaries beside a `β` it is 630 million."""
REPORT_FILE = re.compile(r"(?:figures/|tables/)?[A-Za-z0-9_-][A-Za-z0-9._=-]{0,199}")
SHA256 = re.compile(r"[0-9a-f]{64}")
RESULTS = {status.value for status in Status if status.is_result}


@dataclass(frozen=True)
class Report:
    """What a sweep's report was built from (a hash) and consists of; empty before the first."""

    inputs: str = ""
    files: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Summaries:
    """A sweep's runs in short, so that the same command need not decode all of them again.

    code: SHA-256 of the sources that summarized. runs: `RunSummary.as_list()` by run id.
    """

    code: str = ""
    runs: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a sweep was: its command, the ids of its runs in the order of the plan, and when it ran (UTC, ISO 8601).

    experiment: the content of its YAML at that time, claims included; None for other sweeps.
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

    @property
    def is_sound(self) -> bool:
        """Whether the ids are ids, the files lie within the sweep's folder, and the summaries are whole.

        Raises ValueError if a time is none.
        """
        for time in (self.started, self.started if self.finished is None else self.finished):
            datetime.fromisoformat(time)
        ids = all(RUN_ID.fullmatch(run_id) for run_id in (*self.run_ids, *self.summaries.runs))
        files = all(REPORT_FILE.fullmatch(file) for file in self.report.files)
        once = len({*self.run_ids}) == len(self.run_ids) <= MAX_SWEEP_RUNS
        code = self.summaries.code == "" or SHA256.fullmatch(self.summaries.code)
        return bool(ids and files and once and code) and all(map(_is_summary, self.summaries.runs.values()))


def _is_summary(values: Any) -> bool:
    match values:
        case [str(content), str(file), str(status), bool(), float() | None, float() | None, float() | None]:
            return bool(SHA256.fullmatch(content) and SHA256.fullmatch(file) and status in RESULTS)
    return False


def encode_manifest(manifest: Manifest) -> str:
    """Return the JSON text that is stored."""
    stored = vars(manifest) | {"report": vars(manifest.report), "summaries": vars(manifest.summaries)}
    return json.dumps(stored | {"checksum": _checksum(stored)}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def decode_manifest(content: bytes, name: str) -> Manifest:
    """Return the manifest in a file's content.

    Raise ValueError, TypeError, AttributeError or RecursionError if it is none of that name.
    """
    stored = parse_json(content, MAX_MANIFEST_MEMORY)
    if stored.pop("checksum", None) not in (None, _checksum(stored)):  # earlier versions wrote none
        raise ValueError("its checksum is wrong")
    require_bounded({key: value for key, value in stored.items() if key not in ("run_ids", "summaries")})  # which may be many
    manifest: Manifest = decode_as(Manifest, stored, "")
    if manifest.name != name or not manifest.is_sound:
        raise ValueError(f"no manifest of {name}")
    return manifest


def _checksum(stored: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of a manifest, in hex. It shows damage, not who wrote it."""
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()
