"""Data, scripts and libraries within a page."""

import base64
import gzip
import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from markupsafe import Markup

NO_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def embedded_json(value: Any) -> Markup:
    """Return the value as JSON that is safe within <script>, even with markup. Raise ValueError for NaN and infinity."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(NO_MARKUP))  # noqa: S704  no markup characters are left


def packed_json(value: Any) -> str:
    """Return the value as JSON, compressed and in base64, for the page's script. Raise ValueError for NaN and infinity."""
    return _packed(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())


def script_hash(script: str) -> str:
    """Return the hash source with which a Content Security Policy allows this script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


@cache
def packed_libraries() -> dict[str, str]:
    """Return the page's JavaScript and CSS libraries by name, compressed and in base64, for the page's script."""
    from plotly.offline import get_plotlyjs

    tables = _folder_of("itables") / "html"
    return {
        "datatables-css": _packed((tables / "dt_bundle.css").read_bytes()),
        "datatables-js": _packed((tables / "dt_bundle.js").read_bytes()),
        "plotly-js": _packed(get_plotlyjs().encode()),
    }


def _folder_of(package: str) -> Path:
    """Return the folder of a package without importing the package: on import, itables would search for its own settings."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _packed(content: bytes) -> str:
    """Return the content compressed and in base64. No date is stored, so the same content gives the same text."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
