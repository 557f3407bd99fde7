"""Encode data, scripts and libraries so that they can be embedded in a page."""

import base64
import gzip
import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def packed_json(value: Any) -> str:
    """Return the value as JSON, compressed with gzip and encoded in base64. The page's script decodes it.

    Raise ValueError for NaN and infinity.
    """
    return _packed(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())


def script_hash(script: str) -> str:
    """Return the SHA-256 by which the page's Content Security Policy allows this script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


@cache
def packed_libraries() -> dict[str, str]:
    """Map the name of each JavaScript and CSS library of the page to its content, compressed with gzip and in base64."""
    from plotly.offline import get_plotlyjs

    tables = _folder_of("itables") / "html"
    return {
        "datatables-css": _packed((tables / "dt_bundle.css").read_bytes()),
        "datatables-js": _packed((tables / "dt_bundle.js").read_bytes()),
        "plotly-js": _packed(get_plotlyjs().encode()),
    }


def _folder_of(package: str) -> Path:
    """Return the folder of a package without importing the package. On import, itables would look for settings files."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _packed(content: bytes) -> str:
    """Return the content, compressed with gzip and encoded in base64. The same content always gives the same text."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()  # mtime=0 stores no date
