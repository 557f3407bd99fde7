"""What is kept of a sweep besides its runs."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zdl_bench.run.config import RUN_ID

MAX_RUNS = 200_000
"""Of a sweep: a store of more files is no longer handled in seconds."""
REPORT_FILE = re.compile(r"(?:figures/|tables/)?[A-Za-z0-9_-][A-Za-z0-9._=-]{0,199}")


@dataclass(frozen=True)
class Report:
    """What a sweep's report was built from (a hash) and consists of; empty before the first."""

    inputs: str = ""
    files: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)

    @property
    def is_well_formed(self) -> bool:
        """Whether the values, read from a file, are of their types, and the files within the sweep's folder."""
        within = _are_texts(self.files) and all(REPORT_FILE.fullmatch(file) for file in self.files)
        return isinstance(self.inputs, str) and within and _are_texts(self.formats)


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

    @property
    def is_well_formed(self) -> bool:
        """Whether the values, read from a file, are of their types. Raises ValueError where a time is none."""
        texts = _are_texts([self.name, self.title, self.command, self.started]) and _are_texts(self.overrides)
        ids = _are_texts(self.run_ids) and all(RUN_ID.fullmatch(run_id) for run_id in self.run_ids)
        for time in (self.started, self.started if self.finished is None else self.finished):
            datetime.fromisoformat(time)
        once = ids and len({*self.run_ids}) == len(self.run_ids) <= MAX_RUNS
        return texts and once and isinstance(self.experiment, dict | None) and self.report.is_well_formed


def checksum_of(stored: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a manifest, in hex: tells damage, not who wrote it."""
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
