import numpy as np

from line_tui.models.generator import DiffusersGenerator


def _draw(generator: DiffusersGenerator, prompts: list[str], seeds: list[int]) -> list[np.ndarray]:
    return generator.draw(prompts, seeds, lambda step, steps: None)


def _nearest(pictures: list[np.ndarray]) -> np.ndarray:
    """Root mean square over pixels, of each picture and the one most like it."""
    flat = np.stack(pictures).reshape(len(pictures), -1).astype(np.float32) / 255
    gaps = np.sqrt(((flat[:, None] - flat[None]) ** 2).mean(-1))
    np.fill_diagonal(gaps, np.inf)
    return gaps.min(1)


def test_a_picture_depends_on_prompt_and_seed_and_not_on_its_neighbours(
    generator: DiffusersGenerator,
) -> None:
    alone = _draw(generator, ["owl"], [11])[0]
    among = _draw(generator, ["a rather long prompt about trains", "owl", "pizza"], [5, 11, 7])[1]
    assert (alone == among).all()
    assert (alone != _draw(generator, ["owl"], [12])[0]).any()
    assert (alone != _draw(generator, ["pizza"], [11])[0]).any()


def test_many_seeds_are_not_four_pictures(generator: DiffusersGenerator) -> None:
    seeds = list(range(24))
    drawn = [
        picture for start in range(0, 24, 8) for picture in _draw(generator, ["owl"] * 8, seeds[start : start + 8])
    ]
    nearest = _nearest(drawn)
    assert nearest.min() > 0.02
    assert np.median(nearest) > 0.08


def test_pictures_are_drawn_in_colour_and_fill_the_range(generator: DiffusersGenerator) -> None:
    picture = _draw(generator, ["red heart"], [1])[0]
    assert picture.shape == (96, 96, 3) and picture.dtype == np.uint8
    middle = picture[40:56, 40:56].reshape(-1, 3).mean(0)
    assert middle[0] > middle[1] + 40 and middle[0] > middle[2] + 40


def test_what_a_prompt_says_of_the_composition_is_drawn(generator: DiffusersGenerator) -> None:
    corners = [(slice(0, 6), slice(0, 6)), (slice(0, 6), slice(90, 96))]
    for picture in _draw(generator, ["owl on a blue background"] * 4, [1, 2, 3, 4]):
        red, green, blue = np.mean([picture[corner].reshape(-1, 3).mean(0) for corner in corners], 0)
        assert blue > red + 40 and blue > green + 20
    for picture in _draw(generator, ["blue owl on a white background"] * 4, [1, 2, 3, 4]):
        inked = picture.reshape(-1, 3)[picture.reshape(-1, 3).min(1) < 200].mean(0)
        assert inked[2] > inked[0] + 30
    prompts = ("small owl on a white background", "large owl on a white background")
    small, large = (np.mean(np.stack(_draw(generator, [prompt] * 4, [1, 2, 3, 4])).min(3) < 200) for prompt in prompts)
    assert large > 3 * small


def test_a_wide_word_draws_different_members(generator: DiffusersGenerator) -> None:
    drawn = _draw(generator, ["vehicle on a white background"] * 8, list(range(8)))
    assert _nearest(drawn).min() > 0.1
