from line_tui import events as e
from line_tui.explain.state import fold
from line_tui.tui.replay import SPEEDS, Player
from tests.tui.stage import events_of_a_run, timed

EVENTS = events_of_a_run()


def player(every: float = 1.0) -> Player:
    return Player("r1", timed(EVENTS, every=every))


def test_the_end_of_a_replay_is_the_run() -> None:
    playing = player()
    while not playing.at_end:
        playing.tick(10)
    assert playing.snapshot.state == fold(EVENTS)
    assert not playing.playing


def test_it_keeps_the_pace_times_the_speed() -> None:
    playing = player(every=1.0)
    playing.tick(0)
    assert playing.place == 1
    playing.tick(1.0)
    assert playing.place == 1 + round(playing.speed)
    playing.change_speed(-9)
    assert playing.speed == SPEEDS[0]
    playing.tick(2.0)
    assert playing.place == 3 + 5


def test_long_gaps_are_cut_short() -> None:
    playing = player(every=3600)
    playing.tick(0)
    playing.tick(2.0)
    assert playing.place == 1 + 5


def test_going_back_is_as_if_it_had_never_gone_on() -> None:
    there, back = player(), player()
    for _ in range(39):
        there.step()
    back.jump(89)
    back.jump(-50)
    assert back.place == there.place == 40
    assert back.snapshot.state == there.snapshot.state
    back.jump(-1000)
    assert back.place == 1 and back.snapshot.state == fold(EVENTS[:1]), "the neuron is known from the first event on"


def test_the_words_of_a_proposal_are_shown_again() -> None:
    playing = player()
    seen = set()
    while not playing.at_end:
        playing.step()
        seen.add((playing.snapshot.phase, playing.snapshot.text))
    assert ("proposing", "strawberry") in seen
    assert not [event for event in playing.envelopes if isinstance(event.event, e.Token)]
