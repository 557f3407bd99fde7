"""The translations: every language has every text of today, with its places, and no other."""

from string import Formatter

import catalogs
import pytest

pytestmark = pytest.mark.slow  # reads the whole package
PATHS = sorted(catalogs.LANGUAGES.glob("*.po"))


def forms_of(text) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def key_of(message):
    return message.id if isinstance(message.id, str) else tuple(message.id)


def messages_of(path):
    return [one for one in catalogs.read(path) if one.id]


def places_of(text: str) -> set[str]:
    """Return the names of the places of a text that values fill. A language formats numbers as its readers do."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_text_has_a_translation(path):
    translated = {key_of(one) for one in messages_of(path) if catalogs.is_translated(one)}
    assert [text for text in catalogs.texts() if text not in translated] == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_translation_is_of_a_text_that_is_gone(path):
    assert [key_of(one) for one in messages_of(path) if key_of(one) not in catalogs.texts()] == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_translation_has_the_places_of_the_text(path):
    translated = [one for one in messages_of(path) if catalogs.is_translated(one)]
    assert translated
    for one in translated:
        places = places_of(forms_of(one.id)[-1])
        *few, last = forms_of(one.string)
        assert places_of(last) == places, last
        for said in few:  # those for one or few may leave out the number
            assert places_of(said) in (places, places - {"count"}), said


def test_no_german_number_has_a_comma_that_reads_as_the_start_of_a_fraction():
    """1,234 in English is little more than one in German."""
    texts = [text for one in messages_of(catalogs.LANGUAGES / "de.po") for text in forms_of(one.string)]
    forms = {text: {form for _, _, form, _ in Formatter().parse(text) if form} for text in texts}
    assert [text for text, found in forms.items() if any("," in form for form in found)] == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_file_is_what_the_program_writes(path):
    assert path.read_bytes() == catalogs.written(catalogs.updated(path, []))
