"""A viewer's way through a film, with time said by the test."""

import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hewston.pipeline.playback import Player
from hewston.pipeline.playback.film import MOST_ROWS
from tests.playback.films import DAY, frames_of, happened, make_film

BEAT = 1 / 30
LONG = 10_000


class Viewer:
    """A player, the time, and everything that was sent."""

    def __init__(self, film, *, speed=60.0, acks=10, **options):
        self.player = Player(film, speed=speed, **options)
        self.acks = acks  # every so many frames; 0 is never
        self.now = 100.0
        self.heard = []

    def say(self, **message):
        self.player.receive(json.dumps(message))

    def control(self, cmd, val=None):
        self.say(t="ctrl", cmd=cmd, **({"pos": val} if cmd == "seek" else {"val": val}))

    def beat(self, count=1, **options):
        """Let time pass; returns what was sent meanwhile."""
        before = len(self.heard)
        for _ in range(count):
            self.now += BEAT
            for message in self.player.beat(self.now, **options):
                self.heard.append(message)
                if message["t"] == "frame" and self.acks and message["seq"] % self.acks == 0:
                    self.say(t="ack", seq=message["seq"])
        return self.heard[before:]

    def only_frame(self):
        [frame] = self.beat()
        return frame


def test_it_starts_paused_with_the_frame_of_the_cursor():
    viewer = Viewer(make_film(100, orders=[6, 7], fills=[7]), bar=7)
    frame = viewer.only_frame()
    assert (frame["seq"], frame["gen"], frame["i"], frame["dropped"]) == (1, 0, 7, 0)
    assert frame["ohlc"]["v"] == 1
    assert happened([frame]) == ([2], [1])
    assert viewer.beat(100) == []
    assert not viewer.player.is_busy


@pytest.mark.parametrize(
    ("speed", "bars"),
    [
        (60, [60, 120, 180]),
        (1.5, [1, 3, 4, 6]),
        (0.3, [1, 2, 3]),
        (2000, [999]),
    ],
)
def test_a_frame_plays_as_many_bars_as_the_speed_says(speed, bars):
    viewer = Viewer(make_film(1000), speed=speed)
    viewer.beat()
    viewer.control("play")
    frames = frames_of(viewer.beat(100))
    assert [frame["i"] for frame in frames[: len(bars)]] == bars


@pytest.mark.parametrize("beats_a_bar", [1, 2, 3, 7, 30, 49, 60])
def test_slow_speeds_keep_their_pace(beats_a_bar):
    viewer = Viewer(make_film(LONG), speed=1 / beats_a_bar)
    viewer.beat()
    viewer.control("play")
    frames = viewer.beat(beats_a_bar * 100)
    assert [frame["i"] for frame in frames] == list(range(1, 101))


def test_it_ends_once_and_seeking_works_afterwards():
    viewer = Viewer(make_film(100))
    viewer.control("play")
    *frames, end = viewer.beat(10)
    assert ([frame["i"] for frame in frames], end) == ([0, 60, 99], {"t": "end"})
    viewer.control("seek", 5)
    assert viewer.only_frame()["i"] == 5
    assert viewer.beat(10) == []
    viewer.control("play")
    assert [frame.get("i") for frame in viewer.beat(10)] == [65, 99, None]
    viewer.control("play")
    assert viewer.beat() == [{"t": "end"}]


def test_a_seek_lands_on_its_bar_alone_in_a_new_generation():
    film = make_film(LONG, orders=range(0, LONG, 2), fills=range(1, LONG, 2))
    viewer = Viewer(film)
    viewer.control("play")
    viewer.beat(5)
    for gen, bar in enumerate((5001, 77), 1):
        viewer.control("seek", bar)
        frame = viewer.only_frame()
        assert (frame["gen"], frame["i"], frame["ohlc"]["v"], frame["dropped"]) == (gen, bar, 1, 0)
        assert [fill["bar"] for fill in frame["fills"]] == [bar]
        following = viewer.only_frame()
        assert (following["gen"], following["i"], following["ohlc"]["v"]) == (gen, bar + 60, 60)


def test_of_many_seeks_in_one_beat_the_last_one_counts():
    viewer = Viewer(make_film(LONG))
    for bar in (9, 500, 3):
        viewer.control("seek", bar)
    frame = viewer.only_frame()
    assert (frame["seq"], frame["gen"], frame["i"]) == (1, 3, 3)


def test_pausing_stops_and_playing_goes_on():
    viewer = Viewer(make_film(LONG), speed=1)
    viewer.control("play")
    viewer.beat(5)
    viewer.control("pause")
    assert viewer.beat(50) == []
    viewer.control("play")
    assert viewer.only_frame()["i"] == 5


@pytest.mark.parametrize("speed", [0, 1 / 61, 2001, -1, float("nan"), float("inf"), 10**400])
def test_a_speed_out_of_range_is_told_and_the_film_plays_on(speed):
    viewer = Viewer(make_film(LONG), speed=7)
    viewer.control("play")
    viewer.beat()
    viewer.control("speed", speed)
    problem, frame = viewer.beat()
    assert (problem["t"], problem["code"], frame["i"]) == ("err", "RANGE", 7)


@pytest.mark.parametrize("speed", [1 / 60, 0.016666666, 2000])
def test_the_ends_of_the_range_are_speeds(speed):
    viewer = Viewer(make_film(10))
    viewer.control("speed", speed)
    assert viewer.player.speed == speed
    assert [message["t"] for message in viewer.beat()] == ["frame"]


def test_steps_go_by_bars_trades_and_sessions():
    viewer = Viewer(make_film(1000, fills=[10, 20, 700]), bar=15)
    viewer.beat()
    for step, bar, gen in (
        (1, 16, 0),
        ({"to": "next_trade"}, 20, 0),
        ({"to": "prev_trade"}, 10, 1),
        (-3, 7, 2),
        ({"to": "next_session"}, DAY, 2),
        ({"to": "next_trade"}, 700, 2),
        (5000, 999, 2),
        (-5000, 0, 3),
    ):
        viewer.control("step", step)
        frame = viewer.only_frame()
        assert (frame["i"], frame["gen"]) == (bar, gen)


def test_where_a_step_leads_may_stand_beside_the_command():
    viewer = Viewer(make_film(1000, fills=[10]))
    viewer.beat()
    viewer.say(t="ctrl", cmd="step", to="next_trade")
    assert viewer.only_frame()["i"] == 10


def test_a_step_forward_leaves_nothing_out_and_one_back_shows_its_bar():
    viewer = Viewer(make_film(100, fills=[3, 5, 8]))
    viewer.beat()
    viewer.control("step", 8)
    assert happened([viewer.only_frame()])[1] == [1, 2, 3]
    viewer.control("step", -3)
    assert happened([viewer.only_frame()])[1] == [2]


@pytest.mark.parametrize(
    ("bar", "step"),
    [
        (99, 1),
        (0, -1),
        (20, {"to": "next_trade"}),
        (10, {"to": "prev_trade"}),
        (0, {"to": "next_session"}),
    ],
)
def test_a_step_to_nowhere_is_told(bar, step):
    viewer = Viewer(make_film(100, fills=[10, 20]), bar=bar)
    viewer.beat()
    viewer.control("step", step)
    assert viewer.only_frame()["code"] == "RANGE"


def test_a_step_while_playing_is_refused_and_the_film_plays_on():
    viewer = Viewer(make_film(LONG), speed=1)
    viewer.control("play")
    viewer.beat()
    viewer.control("step", 1)
    problem, frame = viewer.beat()
    assert (problem["code"], frame["i"]) == ("VALIDATION", 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "7",
        "null",
        "{}",
        '{"t":"what"}',
        '{"t":["ctrl"]}',
        '{"t":"ctrl"}',
        '{"t":"ctrl","cmd":"fly"}',
        '{"t":"ctrl","cmd":"seek"}',
        '{"t":"ctrl","cmd":"seek","pos":true}',
        '{"t":"ctrl","cmd":"seek","pos":NaN}',
        '{"t":"ctrl","cmd":"speed"}',
        '{"t":"ctrl","cmd":"speed","val":"60"}',
        '{"t":"ctrl","cmd":"speed","val":true}',
        '{"t":"ctrl","cmd":"step"}',
        '{"t":"ctrl","cmd":"step","val":0}',
        '{"t":"ctrl","cmd":"step","val":true}',
        '{"t":"ctrl","cmd":"step","val":{"to":"mars"}}',
        '{"t":"ack"}',
        '{"t":"ack","seq":"1"}',
        '{"t":"ack","seq":true}',
        '{"t":"ack","seq":2}',
        "[" * 10_000,
        '{"t":"ctrl","cmd":"seek","pos":' + "9" * 5000 + "}",
    ],
)
def test_what_cannot_be_used_is_answered_and_changes_nothing(text):
    viewer = Viewer(make_film(LONG), speed=1)
    viewer.control("play")
    viewer.beat()
    viewer.player.receive(text)
    problem, frame = viewer.beat()
    assert (problem["t"], problem["code"]) == ("err", "VALIDATION")
    assert problem["msg"].endswith(".")
    assert (frame["i"], frame["gen"]) == (1, 0)


def test_a_whole_number_may_be_written_with_a_point():
    viewer = Viewer(make_film(100))
    viewer.beat()
    for text, bar in (
        ('"seek","pos":12.0', 12),
        ('"step","val":-1.0', 11),
        ('"step","val":2e0', 13),
    ):
        viewer.player.receive(f'{{"t":"ctrl","cmd":{text}}}')
        assert viewer.only_frame()["i"] == bar
    viewer.player.receive('{"t":"ctrl","cmd":"seek","pos":12.5}')
    assert viewer.beat()[0]["code"] == "VALIDATION"


def test_a_heartbeat_asks_for_nothing():
    viewer = Viewer(make_film(10))
    viewer.beat()
    viewer.say(t="hb")
    assert not viewer.player.is_busy


def test_a_flood_of_nonsense_gets_one_answer_a_beat_and_is_not_kept():
    viewer = Viewer(make_film(LONG))
    viewer.beat()
    for _ in range(1000):
        viewer.player.receive("?")
    assert len(viewer.beat()) == 1
    assert len(viewer.beat(1000)) == 29


def test_thirty_frames_may_be_unacknowledged_then_frames_merge():
    viewer = Viewer(make_film(LONG, fills=range(LONG)), speed=2, acks=0)
    viewer.control("play")
    heard = viewer.beat(30)
    assert [frame["seq"] for frame in heard] == list(range(1, 31))
    [problem] = viewer.beat(10)
    assert (problem["t"], problem["code"]) == ("err", "ACK_REQUIRED")
    viewer.say(t="ack", seq=10)
    frame = viewer.only_frame()
    assert (frame["seq"], frame["i"], frame["dropped"]) == (31, 2 * 29 + 2 * 10, 9)
    assert frame["ohlc"]["v"] == 20
    viewer.beat(20)
    assert happened(viewer.heard)[1] == list(range(1, frames_of(viewer.heard)[-1]["i"] + 2))


@pytest.mark.parametrize("acks_before", [0, 10])
def test_who_acknowledges_nothing_for_ten_seconds_is_closed(acks_before):
    viewer = Viewer(make_film(LONG), speed=1, acks=acks_before)
    viewer.control("play")
    viewer.beat(20)
    viewer.acks = 0
    heard = viewer.beat(30 * 10)
    assert (len(frames_of(heard)) == 30) if acks_before else (len(frames_of(heard)) == 10)
    assert ("ACK_REQUIRED" in {message.get("code") for message in heard}) == (not acks_before)
    assert viewer.player.closing is None
    viewer.beat(40)
    assert viewer.player.closing == 4008


def test_a_late_ack_keeps_the_viewer():
    viewer = Viewer(make_film(LONG), speed=1, acks=0)
    viewer.control("play")
    viewer.beat(30 * 10)
    viewer.say(t="ack", seq=1)
    viewer.beat(30 * 10)
    assert viewer.player.closing is None


def test_whoever_pauses_need_not_acknowledge():
    viewer = Viewer(make_film(LONG), speed=1, acks=0)
    viewer.control("play")
    viewer.beat(30)
    viewer.control("pause")
    assert viewer.beat(30 * 60) == []
    assert viewer.player.closing is None


def test_an_ack_that_says_nothing_new_gives_no_credit():
    viewer = Viewer(make_film(LONG), speed=1, acks=0)
    viewer.control("play")
    viewer.beat(30)
    for seq in (0, -1, 5, 5, 3):
        viewer.say(t="ack", seq=seq)
    assert len(viewer.beat(100)) == 5


def test_a_seek_without_credit_is_shown_when_acks_come():
    viewer = Viewer(make_film(LONG, fills=range(LONG)), speed=1, acks=0)
    viewer.control("play")
    viewer.beat(31)
    viewer.control("pause")
    viewer.control("seek", 5000)
    assert viewer.beat(10) == []
    viewer.say(t="ack", seq=30)
    frame = viewer.only_frame()
    assert (frame["i"], frame["gen"], frame["dropped"]) == (5000, 1, 0)
    assert [fill["bar"] for fill in frame["fills"]] == [5000]


def test_beats_that_a_viewer_could_not_be_sent_are_merged():
    viewer = Viewer(make_film(LONG), speed=2, acks=0, window=None)
    viewer.control("play")
    viewer.beat()
    [frame] = viewer.beat(missed=4)
    assert (frame["i"], frame["ohlc"]["v"], frame["dropped"]) == (10, 10, 4)


EVENTS = st.sets(st.integers(0, 1999), max_size=60)
SPEEDS = st.sampled_from([1 / 60, 0.1, 0.5, 1, 1.7, 7, 60, 333.3, 2000]) | st.floats(1 / 60, 2000)
ACTIONS = st.one_of(
    st.tuples(st.just("speed"), SPEEDS),
    st.tuples(st.just("play"), st.none()),
    st.tuples(st.just("pause"), st.none()),
    st.tuples(st.just("step"), st.integers(1, 50)),
    st.tuples(st.just("step"), st.sampled_from(["next_trade", "next_session"])),
    st.tuples(st.just("beats"), st.integers(1, 50)),
    st.tuples(st.just("missed"), st.integers(1, 50)),
    st.tuples(st.just("ack"), st.integers(0, 40)),
)


@pytest.mark.parametrize("acks", [10, 29])
def test_a_frame_holds_no_more_than_is_sent_in_a_moment(acks):
    film = make_film(LONG, orders=range(LONG), fills=[*range(1, LONG), LONG - 1])
    viewer = Viewer(film, speed=2000, acks=acks)
    viewer.control("play")
    viewer.beat(3)
    viewer.control("pause")
    assert viewer.beat() == []
    viewer.control("play")
    frames = frames_of(viewer.beat(100))
    assert frames[-1]["i"] == LONG - 1
    assert viewer.heard[-1] == {"t": "end"}
    assert happened(viewer.heard) == (list(range(1, LONG + 1)),) * 2
    assert all(len(frame["orders"] + frame["fills"]) <= MOST_ROWS for frame in frames)


def test_a_long_step_takes_as_many_frames_as_its_orders_need():
    viewer = Viewer(make_film(LONG, orders=range(1200), fills=[5000] * 2500))
    viewer.beat()
    viewer.control("step", LONG)
    frames = viewer.beat(100)
    assert [frame["i"] for frame in frames] == [1000, 4999, 5000, LONG - 1]
    assert len(frames[2]["fills"]) == 2500  # of one bar
    assert [frame["gen"] for frame in frames] == [0] * 4


@settings(max_examples=100)
@given(EVENTS, EVENTS, st.lists(ACTIONS, max_size=40))
def test_every_order_and_fill_is_sent_exactly_once(orders, fills, actions):
    film = make_film(2000, orders=orders, fills=fills)
    viewer = Viewer(film, acks=0)
    for action, value in actions:
        if action == "beats":
            viewer.beat(value)
        elif action == "missed":
            viewer.beat(missed=value)
        elif action == "ack":
            viewer.say(t="ack", seq=len(frames_of(viewer.heard)) - value)
        else:
            viewer.control(action, {"to": value} if isinstance(value, str) else value)
    viewer.acks = 1
    viewer.say(t="ack", seq=len(frames_of(viewer.heard)))
    viewer.control("speed", 2000)
    viewer.control("play")
    viewer.beat(80)  # problems are told one a beat
    assert {"t": "end"} in viewer.heard
    frames = frames_of(viewer.heard)
    assert happened(frames) == (list(range(1, len(orders) + 1)), list(range(1, len(fills) + 1)))
    assert sum(frame["ohlc"]["v"] for frame in frames) == 2000
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert {frame["gen"] for frame in frames} == {0}


SCRIPT = st.dictionaries(
    st.integers(1, 40),
    st.one_of(
        st.tuples(st.just("speed"), SPEEDS),
        st.tuples(st.just("seek"), st.integers(0, 1999)),
    ),
    max_size=8,
)


@settings(max_examples=50)
@given(SCRIPT, SPEEDS.filter(lambda speed: speed > 0.2), st.integers(0, 2**32))
def test_the_same_controls_at_the_same_frame_give_the_same_frames(script, speed, seed):
    """However late the controls come between two frames, and whatever the clock says."""
    film = make_film(2000, orders=range(0, 2000, 3), fills=range(0, 2000, 7))
    told = []
    for pause in (0, seed % 5):
        viewer = Viewer(film, speed=speed, acks=10)
        viewer.now = float(seed)
        viewer.control("play")
        frames = 0
        for _ in range(400):
            heard = frames_of(viewer.beat())
            for frame in heard:
                frames += 1
                viewer.control("pause")
                viewer.beat(pause)
                if action := script.get(frame["seq"]):
                    viewer.control(*action)
                    if action[0] == "seek":
                        viewer.control("play")
                viewer.control("play")
            if frames >= 41:
                break
        told.append(frames_of(viewer.heard)[:41])
    shortest = min(map(len, told))
    assert told[0][:shortest] == told[1][:shortest]


@given(SPEEDS, st.integers(1, 300))
def test_no_bar_is_lost_to_rounding(speed, beats):
    viewer = Viewer(make_film(LONG), speed=speed, acks=1)
    viewer.beat()
    viewer.control("play")
    frames = frames_of(viewer.beat(beats))
    exact = min(int(Fraction(speed) * beats + Fraction(1, 10**6)), LONG - 1)
    assert (frames[-1]["i"] if frames else 0) == exact
