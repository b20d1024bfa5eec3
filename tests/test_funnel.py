"""What callers do in menus, told by facts: every time in a menu ends in one way, and every choice leads somewhere."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    CallEnded,
    CallStarted,
    Connected,
    ConsentAnswer,
    ConsentAnswered,
    EndedBy,
    Event,
    HungUp,
    MailboxStep,
    MailboxStepped,
    MenuStepped,
    QueueEntered,
    Source,
    Stage,
    StepResult,
    SurveyAnswered,
    SystemRestarted,
    TextChosen,
)
from quality.metrics.figures import Ratio
from quality.metrics.funnel import Funnel, Kind, Place, flows, funnel
from quality.metrics.history import CallHistory, build

BEGIN = datetime(2026, 11, 2, 15, tzinfo=UTC)


def call(story: str, restarted: bool = False) -> CallHistory:  # noqa: FBT001, FBT002  a case
    """A call told in words: `main=1` chose 1, `main!7` wrong, `main-` silent, `main*` again, `main~` gave up."""
    events: list[Event] = []
    for order, word in enumerate(["started", *story.split()]):
        about: dict[str, Any] = {
            "at": BEGIN + timedelta(seconds=order),
            "call_id": "1.1",
            "channel_id": "1.1",
            "source": Source.QUEUE_LOG,
        }
        events.append(told(word, about))
    return build(events, [BEGIN + timedelta(minutes=5)] if restarted else [])


def told(word: str, about: dict[str, Any]) -> Event:  # noqa: C901, PLR0911  a word each
    kind, _, name = word.partition(":")
    match kind:
        case "started":
            return CallStarted(**about, line="l", number="anonymous")
        case "consent":
            return ConsentAnswered(**about, version="v", answer=ConsentAnswer(name))
        case "text":
            return TextChosen(**about, text=name)
        case "queue":
            return QueueEntered(**about, queue=name)
        case "answered":
            return Connected(**about, queue=name, agent="Ana", wait_seconds=1)
        case "mailbox":
            return MailboxStepped(**about, request="1", step=MailboxStep(name))
        case "survey":
            return SurveyAnswered(**about, question="q", answer=5, survey=name)
        case "left":
            stage, _, where = name.partition("/")
            return HungUp(**about, stage=Stage(stage), name=where)
        case "ended":
            return CallEnded(**about, by=EndedBy(name) if name else None)
        case "restarted":
            return SystemRestarted(**about | {"call_id": "", "channel_id": ""})
    menu, sign, key = kind.partition(next(sign for sign in "=!-*~" if sign in kind))
    result = dict(zip("=!-*~", ("chosen", "wrong", "silent", "repeated", "gave_up"), strict=True))[sign]
    return MenuStepped(**about, menu=menu, key="*" if sign == "*" else key, result=StepResult(result))


def kinds(found: Funnel) -> list[str]:
    (path,) = found.paths
    return [f"{place.kind}:{place.name}".rstrip(":") for place in path]


def test_who_chooses_after_a_wrong_key_reaches_an_adviser_with_four_keys() -> None:
    found = funnel([call("consent:accepted main!7 main* main=1 queue:q answered:q ended:agent")])
    main = found.menus["main"]
    assert (main.reached, main.chose, main.wrong, main.repeated, main.hung_up) == (1, 1, 1, 1, 0)
    assert main.went == Counter({("1", Place(Kind.QUEUE, "q")): 1})
    assert found.keys_to_adviser == Ratio(4, 1)
    assert kinds(found) == ["call", "menu:main", "queue:q", "adviser"]


def test_keys_after_the_adviser_are_not_keys_to_reach_one() -> None:
    assert funnel([call("main=1 queue:q answered:q main=2 queue:q")]).keys_to_adviser == Ratio(1, 1)


def test_hang_up_in_a_menu_is_told_by_the_dialplan_even_if_nothing_was_pressed() -> None:
    found = funnel([call("left:menu/main ended:caller")])
    assert (found.menus["main"].reached, found.menus["main"].hung_up) == (1, 1)
    assert found.hung_up == Counter({(Stage.MENU, "main"): 1})
    assert kinds(found) == ["call", "menu:main", "hung_up"]


@pytest.mark.parametrize("story", ["main- ended:caller", "main- left:menu/main ended:caller"])
def test_hang_up_within_a_menu_counts_once_whoever_tells_it(story: str) -> None:
    main = funnel([call(story)]).menus["main"]
    assert (main.reached, main.silent, main.hung_up, main.cut_off) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("story", "restarted", "how"),
    [
        ("main-", False, "inside"),
        ("main-", True, "cut_off"),
        ("main- queue:q", False, "cut_off"),
        ("main- ended:system", False, "cut_off"),
        ("main- other=1 queue:q", False, "cut_off"),
        ("main- main~ queue:q", False, "gave_up"),
    ],
)
def test_every_time_in_a_menu_ends_in_one_way(story: str, restarted: bool, how: str) -> None:  # noqa: FBT001  a case
    main = funnel([call(story, restarted)]).menus["main"]
    assert main.reached == 1
    assert getattr(main, how) == 1
    assert main.remainder == 0


@pytest.mark.parametrize(
    ("story", "solved"),
    [
        ("main=2 text:hours ended:system", 1),
        ("main=2 text:hours left:text/hours ended:caller", 1),
        ("main=2 text:hours left:menu/main ended:caller", 1),
        ("main=2 text:hours", 0),
        ("main=2 text:hours main=1 queue:q ended:caller", 0),
        ("main=2 text:hours main=3 mailbox:begun ended:caller", 0),
        ("left:menu/main ended:caller", 0),
    ],
)
def test_solved_in_the_ivr_is_who_heard_an_information_and_needed_nothing_more(story: str, solved: int) -> None:
    assert funnel([call(story)]).solved_share == Ratio(solved, 1)


def test_who_is_back_in_a_menu_reached_it_twice() -> None:
    found = funnel([call("main=2 text:hours main=1 queue:q answered:q")])
    assert found.menus["main"].reached == 2
    assert kinds(found) == ["call", "menu:main", "text:hours", "menu:main", "queue:q", "adviser"]


def test_long_ways_are_drawn_to_their_end() -> None:
    found = funnel([call("main=2 text:a main=2 text:b main=1 queue:q answered:q")])
    drawn = list(flows(found.paths, 4))
    assert [(step, target.kind) for (step, _, target), _ in drawn] == [(0, "menu"), (1, "text"), (2, "adviser")]


WORDS = st.sampled_from(
    [
        *("main=1", "main!7", "main-", "main*", "main~", "other=2", "other-", "text:a", "queue:q", "queue:r"),
        *("answered:q", "mailbox:begun", "mailbox:finished", "survey:s", "left:menu/main", "left:text/a"),
        *("left:survey/q", "ended:caller", "ended:system", "consent:accepted", "consent:none"),
    ]
)


@given(st.lists(st.tuples(st.lists(WORDS, max_size=12), st.booleans()), max_size=6))
def test_figures_add_up_for_any_calls(stories: list[tuple[list[str], bool]]) -> None:
    found = funnel(call(" ".join(story), restarted) for story, restarted in stories)
    assert found.calls == found.paths.total() == len(stories)
    for menu in found.menus.values():
        assert menu.remainder == 0
        assert menu.went.total() == menu.chose + menu.gave_up
    drawn = list(flows(found.paths, 6))
    assert sum(calls for passage, calls in drawn if passage.step == 0) == len(stories)
    for step in range(1, 6):
        for place in {passage.source for passage, _ in drawn if passage.step == step}:
            arrived = sum(calls for passage, calls in drawn if (passage.step, passage.target) == (step - 1, place))
            assert arrived >= sum(calls for passage, calls in drawn if (passage.step, passage.source) == (step, place))
