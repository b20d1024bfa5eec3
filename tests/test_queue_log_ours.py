"""The lines that call scripts write: what a script tells is what the log is read to say, and nothing else gets in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    CallbackOffered,
    CallEnded,
    ConsentAnswer,
    ConsentAnswered,
    Event,
    HungUp,
    LanguageChosen,
    Listened,
    ListenStep,
    MailboxStep,
    MailboxStepped,
    MenuStepped,
    OfferResult,
    Source,
    Stage,
    StepResult,
    SurveyAnswered,
    TextChosen,
)
from quality.metrics.coalesce import coalesce
from telephony.queue_log.encode import encode
from telephony.queue_log.lines import Damage, DamagedLine
from telephony.queue_log.reader import Seconds

ABOUT: dict[str, Any] = {
    "at": datetime(2026, 1, 1, tzinfo=UTC),
    "call_id": "1.1",
    "channel_id": "1.1",
    "source": Source.QUEUE_LOG,
}
SECOND = int(ABOUT["at"].timestamp())
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True)
FACTS = st.one_of(
    st.builds(LanguageChosen, **{name: st.just(value) for name, value in ABOUT.items()}, language=NAMES),
    st.builds(
        ConsentAnswered,
        **{name: st.just(value) for name, value in ABOUT.items()},
        version=NAMES,
        answer=st.sampled_from(ConsentAnswer),
    ),
    st.builds(
        MenuStepped,
        **{name: st.just(value) for name, value in ABOUT.items()},
        menu=NAMES,
        key=st.sampled_from(["", *"0123456789*#"]),
        result=st.sampled_from(StepResult),
        heard_seconds=st.none() | st.integers(0, 9999).map(lambda tenths: tenths / 10),
    ),
    st.builds(TextChosen, **{name: st.just(value) for name, value in ABOUT.items()}, text=NAMES),
    st.builds(
        CallbackOffered,
        **{name: st.just(value) for name, value in ABOUT.items()},
        queue=NAMES,
        result=st.sampled_from(OfferResult),
    ),
    st.builds(
        MailboxStepped,
        **{name: st.just(value) for name, value in ABOUT.items()},
        request=st.from_regex(r"[0-9]{10}", fullmatch=True),
        step=st.sampled_from(MailboxStep),
    ),
    st.builds(
        SurveyAnswered,
        **{name: st.just(value) for name, value in ABOUT.items()},
        question=NAMES,
        answer=st.none() | st.integers(1, 5),
        survey=NAMES,
        file=st.just("") | NAMES.map("2026/{}.wav".format),
    ),
)


def read(line: str) -> Event:
    (event,) = _told(Seconds(), line)
    return event


def _told(seconds: Seconds, line: str) -> tuple[Event, ...]:
    events = seconds.events(line.encode())
    assert not isinstance(events, DamagedLine), events
    return events


@given(FACTS)
def test_what_a_script_tells_is_read_back(fact: Event) -> None:
    entry = encode(fact)
    assert read(f"{SECOND}|1.1|{entry.queue}|NONE|{entry.event}|{entry.data}") == fact


@pytest.mark.parametrize("text", ["a|b", "a,b", "a\nb", 'a"b', "a\\b"])
def test_no_text_is_read_as_two_fields(text: str) -> None:
    fact = ConsentAnswered(**ABOUT, version=text, answer=ConsentAnswer.ACCEPTED)
    entry = encode(fact)
    assert read(f"{SECOND}|1.1|{entry.queue}|NONE|{entry.event}|{entry.data}") == replace(fact, version="a_b")
    assert "," not in entry.data


def test_only_what_scripts_tell_is_written() -> None:
    with pytest.raises(TypeError, match="CallEnded"):
        encode(CallEnded(**ABOUT, by=None))


@pytest.mark.parametrize(
    "data",
    [
        "MENU|m|1|chosen|soon",
        "MENU|m|1|chosen|-1.0",
        "MENU|m|1|chosen|1e9",
        "CONSENTIMIENTO|v1|maybe",
        "CONSENTIMIENTO|v1|",
        "OFERTA|later",
        "COLGO|upstairs|m",
        "BUZON|2601010001|half",
    ],
)
def test_what_cannot_stand_in_a_line_of_ours_is_damage(data: str) -> None:
    damaged = Seconds().events(f"{SECOND}|1.1|NONE|NONE|{data}".encode())
    assert isinstance(damaged, DamagedLine)
    assert damaged.reason is Damage.BAD_VALUE


@pytest.mark.parametrize("stage", Stage)
def test_where_a_caller_hung_up_is_read_as_scripts_say_where_they_are(stage: Stage) -> None:
    assert read(f"{SECOND}|1.1|NONE|NONE|COLGO|{stage}|m") == HungUp(**ABOUT, stage=stage, name="m")


def test_lines_written_before_there_was_more_to_tell_are_read_as_ever() -> None:
    assert read(f"{SECOND}|1.1|NONE|NONE|MENU|m|1|chosen") == MenuStepped(
        **ABOUT, menu="m", key="1", result=StepResult.CHOSEN
    )
    assert read(f"{SECOND}|1.1|NONE|NONE|ENCUESTA|p|4") == SurveyAnswered(**ABOUT, question="p", answer=4)


def test_who_listens_whispers_and_listens_again_within_one_second_did_all_of_it() -> None:
    steps = ("listening", "whispering", "listening", "ended")
    lines = [
        f"{SECOND}|1.1|atencion|Ana Ruiz|ESCUCHA|{step}|sofia|esc-1|{ordinal}"
        for ordinal, step in enumerate(steps, start=1)
    ]
    told = coalesce(event for reading in (Seconds(), Seconds()) for line in lines for event in _told(reading, line))
    assert [event.step for event in told if isinstance(event, Listened)] == list(map(ListenStep, steps))
