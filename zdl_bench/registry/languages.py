"""The languages of texts: English, and one per file `conf/languages/NAME.po`."""

import os
from functools import cache
from pathlib import Path

from zdl_bench.errors import ConfigError, closest, display, hint
from zdl_bench.language import ENGLISH, Language
from zdl_bench.registry import conf_files

LANGUAGE_VARIABLE = "ZDL_BENCH_LANGUAGE"


def language_names() -> list[str]:
    """Return the codes of all languages, English first."""
    return [ENGLISH.code, *sorted(path.stem for path in _folder().glob("*.po"))]


def language_named(code: str, key: str = "language") -> Language:
    """Return the language of a code such as `ja`. Raise ConfigError, which names the key of the code, if there is none."""
    if code not in language_names():
        remedy = hint(closest(code, language_names()), f"give one of {', '.join(language_names())}")
        raise ConfigError(f"{key}={display(code)}: there is no such language; {remedy}")
    return ENGLISH if code == ENGLISH.code else _read(code)


def language_of_user() -> Language:
    """Return the language that the user's environment asks for, or English."""
    return language_named(os.environ.get(LANGUAGE_VARIABLE) or ENGLISH.code, LANGUAGE_VARIABLE)


@cache
def _read(code: str) -> Language:
    from babel.messages.pofile import read_po  # only readers of other languages wait for this import

    with (_folder() / f"{code}.po").open("rb") as stream:
        catalog = read_po(stream, locale=code)
    found = [one for one in catalog if one.id and one.string and all(one.string)]
    texts = {one.id: one.string for one in found if isinstance(one.id, str) and isinstance(one.string, str)}
    counted = {one.id[0]: tuple(one.string) for one in found if not isinstance(one.id, str) and isinstance(one.string, tuple)}
    return Language(code, texts, counted, catalog.plural_expr)


def _folder() -> Path:
    return conf_files.CONF / "languages"
