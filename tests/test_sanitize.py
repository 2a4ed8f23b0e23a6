import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from line_tui.sanitize import LONGEST_CONCEPT, as_concept, shown, shown_lines

ANY = st.text(st.characters())


def obeyed(text: str) -> list[str]:
    """Characters that a terminal does not just draw."""
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]


@given(ANY)
def test_nothing_that_is_shown_is_obeyed_and_no_width_changes(text: str) -> None:
    assert obeyed(shown(text)) == [] and len(shown(text)) == len(text)
    assert set(obeyed(shown_lines(text))) <= {"\n"} and shown_lines(text).count("\n") == text.count("\n")
    assert shown(shown(text)) == shown(text)
    assert shown(text).encode("utf-8").decode("utf-8") == shown(text)


@given(ANY)
def test_a_concept_is_visible_words_on_one_line(text: str) -> None:
    concept = as_concept(text)
    assert obeyed(concept) == [] and len(concept) <= LONGEST_CONCEPT
    assert concept == " ".join(concept.split()) == as_concept(concept)


def test_what_is_meant_is_kept() -> None:
    for text in ("a red apple", "[/INST] dog", "naïve café 東京", "👩‍🚀 astronaut", "نجمة", "5 > 3 & so on"):
        assert shown(text) == shown_lines(text) == as_concept(text) == text


def test_the_kinds_that_were_found() -> None:
    assert shown("\x1b]0;title\x07") == "␛]0;title␇"
    assert shown("\x9b31m red") == "�31m red"
    assert shown("abc\u202etxt.exe\u2066") == "abc�txt.exe�"
    assert shown("one\ntwo\r\n\u2028three\tfour") == "one two   three four"
    assert shown("caf\udce9") == "caf�"
    assert as_concept("  a\x1b[2J\u202e  dog\n") == "a[2J dog"
    assert as_concept("\x1b\u200b\u202e\n") == ""
