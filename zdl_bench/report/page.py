"""The page: one self-contained HTML file. Everything that came from a config is escaped."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

TEMPLATE = Path(__file__).with_name("page.html.jinja")


@dataclass(frozen=True)
class PageFigure:
    title: str
    description: str
    png: str

    @classmethod
    def of_bytes(cls, title: str, description: str, png: bytes) -> "PageFigure":
        return cls(title, description, base64.b64encode(png).decode())


@dataclass(frozen=True)
class PageTable:
    columns: list[str]
    rows: list[list[str]]

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> "PageTable":
        return cls([str(column) for column in frame.columns], frame.astype(str).to_numpy().tolist())


@dataclass(frozen=True)
class PageVerdict:
    """A claim on the page: what was found, what it says, what has to be known besides, and its comparisons."""

    heading: str
    sentence: str
    notes: Sequence[str]
    comparisons: PageTable


@dataclass(frozen=True)
class PagePart:
    """One comparison on the page."""

    heading: str
    context: Sequence[str]
    figures: Sequence[PageFigure]
    conditions: PageTable
    failures: PageTable


def render(**content: Any) -> str:
    """The page's HTML, from name, title, source, command, run_count, missing, verdicts, across, parts, runs, environment."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(**content)
