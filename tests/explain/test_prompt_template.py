from line_tui.explain.prompt_template import fill_template

PHOTO = "A {realistic|grainy} photo of a {concept}, {close-up|from above|from afar}"


def test_the_concept_takes_its_place() -> None:
    assert fill_template("{concept}", "red fox", 1) == "red fox"
    assert fill_template("a {concept} and a {concept}", "{hen}", 7) == "a {hen} and a {hen}"


def test_alternatives_are_chosen_by_the_seed_alone() -> None:
    seen = {fill_template(PHOTO, "fox", seed) for seed in range(60)}
    assert len(seen) == 6
    assert all(prompt.startswith(("A realistic photo of a fox, ", "A grainy photo of a fox, ")) for prompt in seen)
    for seed in range(10):
        assert fill_template(PHOTO, "fox", seed).replace("fox", "hen") == fill_template(PHOTO, "hen", seed)


def test_two_places_are_independent() -> None:
    pairs = {fill_template("{a|b} {a|b} {concept}", "x", seed) for seed in range(40)}
    assert pairs == {"a a x", "a b x", "b a x", "b b x"}


def test_an_alternative_may_be_nothing() -> None:
    assert {fill_template("{|big }{concept}", "fox", seed) for seed in range(20)} == {"fox", "big fox"}
