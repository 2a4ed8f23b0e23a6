import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.word_forms import clean, same_form, singular


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" A Red Apple. ", "red apple"),
        ("1. the dogs!", "dogs"),
        ('"t-shirt"', "t-shirt"),
        ("an", ""),
        ("", ""),
        ("...", ""),
        ("<b>cat</b>", "b cat b"),
        ("naïve café", "naïve café"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("plural", "expected"),
    [
        ("cherries", "cherry"),
        ("boxes", "box"),
        ("glasses", "glass"),
        ("dogs", "dog"),
        ("glass", "glass"),
        ("bus", "bus"),
        ("iris", "iris"),
        ("gas", "gas"),
        ("mice", "mouse"),
        ("house", "house"),
        ("houses", "house"),
        ("pie", "pie"),
    ],
)
def test_singular(plural: str, expected: str) -> None:
    assert singular(plural) == expected


@given(st.text())
def test_clean_is_stable(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_same_form() -> None:
    assert same_form("Ice-creams") == same_form("an ice cream")
    assert same_form("apple") != same_form("pineapple")
