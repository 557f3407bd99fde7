"""What the program says, in the language of its reader.

Every text for a reader is written in English where it is used: `translate("Use {name} at lr {lr}.", name=…, lr=…)`. A
language is a file of translations, `conf/languages/NAME.po`, which maps these texts. A text that it lacks stays English.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from gettext import c2py


@dataclass(frozen=True)
class Language:
    """A language: its code, such as `ja`, and its translations.

    texts: English → translation. counted: English singular → the forms of the translation. plural: which of them a count `n`
    takes, as gettext writes it.
    """

    code: str = "en"
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    plural: str = "n != 1"

    @property
    def letters(self) -> frozenset[str]:
        """Every character that its translations use."""
        return frozenset("".join([*self.texts.values(), *(form for forms in self.counted.values() for form in forms)]))


ENGLISH = Language()
_SPOKEN: ContextVar[Language] = ContextVar("_SPOKEN", default=ENGLISH)


def spoken() -> Language:
    """Return the language in which texts are said now."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Say every text in this language within the context."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def translatable(text: str) -> str:
    """Return a text as it is, and mark it as one that `translate` translates where it is shown."""
    return text


COMMA = translatable(", ")


class LaterText(str):
    """A text in English that is said in the language of the reader only where it is shown: one that is stored or compared.

    Only `said` and `translate` say it. `+`, f-strings and pandas make a plain English text of it, which no one can say later.
    """

    say: Callable[[], str]

    def __new__(cls, say: Callable[[], str]) -> "LaterText":
        """Make the text from a function that returns it in the language that is spoken when it is called."""
        with speaking(ENGLISH):
            made = super().__new__(cls, say())
        made.say = say
        return made

    def __getnewargs__(self) -> tuple[Callable[[], str]]:  # type: ignore[override]
        return (self.say,)


def later(text: str, /, **values: object) -> LaterText:
    """Return a text in English that `said` returns in the language of the reader."""
    return LaterText(partial(translate, text, **values))


def later_count(one: str, many: str, count: int, /, **values: object) -> LaterText:
    """Return the text for one or for many in English, which `said` returns in the language of the reader."""
    return LaterText(partial(translate_count, one, many, count, **values))


def later_list(texts: Iterable[str], separator: str = COMMA) -> LaterText:
    """Return the texts as a list in English, which `said` returns in the language of the reader, as it does the separator."""
    return LaterText(partial(translate_list, tuple(texts), separator))


def said(text: str) -> str:
    """Return a text of `later` in the language of the reader, and any other text as it is."""
    return text.say() if isinstance(text, LaterText) else text


def translate(text: str, /, **values: object) -> str:
    """Return a text in the language of the reader, with the values in its places, such as `{name}` or `{share:.0f}`.

    Values that are texts of `later` are said in this language too.
    """
    return spoken().texts.get(text, text).format(**_said_values(values))


def translate_count(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the text for one or for many, by the count, which its place `{count}` shows."""
    forms = spoken().counted.get(one)
    chosen = (one, many)[count != 1] if forms is None else forms[_form_by(spoken().plural)(count)]
    return chosen.format(count=count, **_said_values(values))


def translate_list(texts: Iterable[str], separator: str = COMMA) -> str:
    """Return the texts as a list with the separators of the reader's language, but without an `and`."""
    return translate(separator).join(map(said, texts))


@cache
def _form_by(plural: str) -> Callable[[int], int]:
    return c2py(plural)


def _said_values(values: Mapping[str, object]) -> dict[str, object]:
    return {name: said(value) if isinstance(value, str) else value for name, value in values.items()}
