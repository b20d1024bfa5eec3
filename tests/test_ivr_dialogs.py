"""Dialogs by themselves, each asked of a scripted caller."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import BOGOTA
from core.events import ConsentAnswer
from ivr.caller import LineCaller
from ivr.dialogs import keyed
from ivr.dialogs.asking import FREE_REPEATS, Keyed, Pressed, Spoken, key_in, tries
from ivr.dialogs.consent import ask_consent, may_keep_answers, may_record
from ivr.dialogs.survey import Answer, conduct
from ivr.line.model import Consent, Question, Recording, Retries, Scale, Survey, Voice
from tests.scripted_asterisk import CALL_ID, Actions, Call, answering, channel_of

VOICE = Voice()
RETRIES = Retries(wrong=("otra_1", "otra_2"), silent=("silencio_1",))
NOW = datetime(2025, 6, 3, 9, tzinfo=BOGOTA)


def caller_who(actions: str, folder: Path | None = None) -> tuple[LineCaller, Call]:
    call = Call(Actions(actions), messages=folder)
    return LineCaller(channel_of(call), "contesta/l/0123456789ab", lambda: NOW), call


# ── Asking


def test_silence_is_6_seconds_and_then_8() -> None:
    caller, call = caller_who("- - -")
    assert list(tries(caller, ("menu",), RETRIES, VOICE)) == [Pressed("")] * 3
    assert call.waited_ms == [6_000, 8_000, 8_000]


def test_wrong_keys_and_silence_have_words_of_their_own_and_the_last_stays() -> None:
    caller, call = caller_who("7 - 8 9")
    list(tries(caller, ("menu",), RETRIES, Voice(tries=4)))
    assert call.heard == ["menu", "otra_1", "menu", "silencio_1", "menu", "otra_2", "menu"]


def test_repeating_is_free_so_often_and_then_counts_as_a_wrong_key() -> None:
    caller, call = caller_who("* " * 20)
    assert [pressed.key for pressed in tries(caller, ("menu",), RETRIES, VOICE)] == ["*"] * 3
    assert call.heard[: FREE_REPEATS + 1] == ["menu"] * (FREE_REPEATS + 1)
    assert len(call.heard) == FREE_REPEATS + 1 + 2 * 2


def test_how_much_was_heard_is_told() -> None:
    caller, _ = caller_who("7@1.26 8@3 1")
    pressed = tries(caller, ("one", "two"), RETRIES, VOICE)
    assert [next(pressed), next(pressed), next(pressed)] == [Pressed("7", 1.3), Pressed("8", 3.0), Pressed("1")]


def test_key_pressed_while_something_is_said_answers_what_is_asked_next_and_nothing_later() -> None:
    caller, call = caller_who("1@2 2@1 3")
    caller.say("text")
    assert caller.ask(("menu",), 6) == Pressed("1", 0.0)
    caller.say("text", "more")
    caller.say("another")
    assert caller.ask(("menu",), 6) == Pressed("3")
    assert call.heard == ["text", "text", "another", "menu"]


def test_wrong_key_pressed_before_a_menu_is_one_try() -> None:
    caller, call = caller_who("7@2 1")
    caller.say("text")
    pressed = tries(caller, ("menu",), RETRIES, VOICE)
    assert [next(pressed), next(pressed)] == [Pressed("7", 0.0), Pressed("1")]
    assert call.heard == ["text", "otra_1", "menu"]


def test_what_is_told_to_its_end_drops_the_keys_pressed_before() -> None:
    caller, call = caller_who("1@2 2")
    caller.say("text")
    caller.tell("core")
    assert caller.ask(("menu",), 6) == Pressed("2")
    assert call.heard == ["text", "core", "menu"]


@pytest.mark.parametrize(
    ("actions", "said", "waits"),
    [
        ("1234#", Keyed("1234", ended=True), [20_000, 5_000, 5_000, 5_000, 5_000]),
        ("12 -", Keyed("12", ended=False), [20_000, 5_000, 5_000]),
        ("123456 -", Keyed("123456", ended=False), [20_000, *[5_000] * 5, 2_000]),
        ("123456#", Keyed("123456", ended=True), [20_000, *[5_000] * 5, 2_000]),
        ("1234567", Keyed("", ended=True), [20_000, *[5_000] * 5, 2_000]),
        ("#", Keyed("", ended=True), [20_000]),
        ("-", Keyed("", ended=False), [20_000]),
        ("12* 34#", Keyed("34", ended=True), [20_000, 5_000, 5_000, 20_000, 5_000, 5_000]),
        ("*" * 6, Keyed("", ended=True), [20_000] * 6),
    ],
)
def test_digits_are_keyed_in(actions: str, said: Keyed, waits: Sequence[int]) -> None:
    caller, call = caller_who(actions)
    assert key_in(caller, ("document",), 6, 20, VOICE) == said
    assert call.waited_ms == waits


# ── Consent

CONSENT = Consent(version="v7", retries=RETRIES)


@pytest.mark.parametrize(
    ("actions", "answer"),
    [
        ("1", ConsentAnswer.ACCEPTED),
        ("2", ConsentAnswer.DECLINED),
        ("* 1", ConsentAnswer.ACCEPTED),
        ("3 2", ConsentAnswer.DECLINED),
        ("1@consentimiento_pregunta", ConsentAnswer.ACCEPTED),
        ("- - -", ConsentAnswer.NONE),
        ("3 4 5", ConsentAnswer.NONE),
        ("0 # -", ConsentAnswer.NONE),
        ("* * * * * * * *", ConsentAnswer.NONE),
    ],
)
def test_only_one_key_consents(actions: str, answer: ConsentAnswer) -> None:
    caller, call = caller_who(actions)
    assert ask_consent(caller, CONSENT, VOICE) is answer
    assert call.queue_log == [f"NONE,{CALL_ID},NONE,CONSENTIMIENTO,v7|{answer}"]
    accepted = answer is ConsentAnswer.ACCEPTED
    assert call.heard[-1] == ("consentimiento_si" if accepted else "consentimiento_no")


@pytest.mark.parametrize(
    ("recording", "answers"),
    [
        (Recording.CONSENTED, {ConsentAnswer.ACCEPTED}),
        (Recording.ALWAYS, {ConsentAnswer.ACCEPTED, ConsentAnswer.NONE, None}),
        (Recording.NEVER, set[ConsentAnswer | None]()),
    ],
)
def test_recording_by_answer(recording: Recording, answers: set[ConsentAnswer | None]) -> None:
    assert {answer for answer in (*ConsentAnswer, None) if may_record(recording, answer)} == answers


def test_answers_are_kept_only_with_consent_where_it_is_asked() -> None:
    assert [answer for answer in (*ConsentAnswer, None) if may_keep_answers(CONSENT, answer)] == [
        ConsentAnswer.ACCEPTED
    ]
    assert all(may_keep_answers(None, answer) for answer in (*ConsentAnswer, None))


# ── Survey

SCALES = {"cinco": Scale.FIVE, "cuatro": Scale.FOUR, "si_no": Scale.YES_NO, "voz": Scale.COMMENT}
SURVEY = Survey(
    name="todo",
    title="",
    questions=tuple(Question(name=name, title="", prompt=f"p_{name}", scale=scale) for name, scale in SCALES.items()),
    retries=RETRIES,
)


@pytest.mark.parametrize(
    ("actions", "answers"),
    [
        ("5 4 2 ~9", (5, 4, 2, "spoken")),
        ("* 5 1 1 ~9#", (5, 1, 1, "spoken")),
        ("6 1 5 4 3 2 ~0.2", (1, 4, 2, None)),
        ("0 # 7 5 5 5 3 1 #", (None, None, 1, None)),
        ("- - 4 - - -", (None, 4, None, None)),
        ("- 6 - 4 - 3 1 -", (None, 4, 1, None)),
    ],
)
def test_scales(actions: str, answers: tuple[Answer, ...], tmp_path: Path) -> None:
    caller, call = caller_who(actions, tmp_path)
    file = f"2025/06/03/{CALL_ID}-voz.wav"
    expected = tuple(file if answer == "spoken" else answer for answer in answers)
    assert tuple(conduct(caller, SURVEY, VOICE).values()) == expected
    assert call.queue_log == [
        f"NONE,{CALL_ID},NONE,ENCUESTA,{name}|"
        + (f"|todo|{answer}" if isinstance(answer, str) else f"{'' if answer is None else answer}|todo|")
        for name, answer in zip(SCALES, expected, strict=True)
    ]
    assert (tmp_path / file).exists()


# ── What is keyed in


@pytest.mark.parametrize(
    ("digits", "kept"),
    [
        ("1023456789", "1023456789"),
        ("51234", "51234"),
        ("1234", None),
        ("12345678901", None),
        ("0123456", None),
    ],
)
def test_documents(digits: str, kept: str | None) -> None:
    assert keyed.document(digits) == kept


@pytest.mark.parametrize(
    ("digits", "kept"),
    [
        ("3001234567", "+573001234567"),
        ("6012345678", "+576012345678"),
        ("6001234567", None),
        ("2345678", None),
        ("18000910123", None),
        ("0000000000", None),
        ("9001234567", None),
    ],
)
def test_telephones(digits: str, kept: str | None) -> None:
    assert keyed.phone(digits) == kept


@pytest.mark.parametrize(
    ("digits", "kept"),
    [
        ("8300393298", "8300393298"),
        ("830039329", "8300393298"),
        ("8300393297", None),
        ("9001234568", "9001234568"),
        ("12345678", None),
        ("1023456789", None),
        ("0000000000", None),
    ],
)
def test_tax_numbers(digits: str, kept: str | None) -> None:
    assert keyed.nit(digits) == kept


@given(st.text("0123456789", min_size=1, max_size=12), st.sampled_from(sorted(keyed.KINDS)))
def test_whatever_is_understood_is_read_back(digits: str, kind: str) -> None:
    number = next(known for name, known in keyed.KINDS.items() if name == kind)
    value = number.understand(digits)
    if value is not None:
        assert len([phrase for phrase in number.read_back(value) if phrase != "…"]) == len(value.removeprefix("+57"))


@pytest.mark.parametrize(
    ("longest_seconds", "ends", "spoken", "stretches"),
    [
        (60, [(8, 64_000), (8, 128_000), (5, 136_000)], Spoken(16.0), [(8, 0), (8, 64_000), (8, 128_000)]),  # silence
        (60, [(8, 0)], Spoken(0.0), [(8, 0)]),  # a telephone that sends nothing
        (60, [(8, 24_000), (8, 24_000)], Spoken(3.0), [(8, 0), (8, 24_000)]),  # nothing any more
        (12, [(8, 64_000), (4, 96_000)], Spoken(12.0), [(8, 0), (4, 64_000)]),  # the limit
    ],
)
def test_recording_goes_on_while_the_telephone_sends(
    tmp_path: Path,
    longest_seconds: int,
    ends: list[tuple[int, int]],
    spoken: Spoken,
    stretches: list[tuple[int, int]],
) -> None:
    recorded = [b"200 result=0 (timeout) endpos=%d\n" % samples for _, samples in ends]
    channel, replies = answering(
        b"200 result=0 endpos=2400\n", b"200 result=1 (%b)\n" % str(tmp_path).encode(), *recorded
    )
    times = iter(NOW + timedelta(seconds=passed) for begin, _ in ends for passed in (0, begin))
    caller = LineCaller(channel, "contesta/l/0123456789ab", lambda: next(times))
    assert caller.record("2025/06/03/a.wav", longest_seconds) == spoken
    asked = [command for command in replies.commands if command[:2] == ["RECORD", "FILE"]]
    assert [(int(milliseconds) // 1000, int(offset)) for *_, milliseconds, offset, _ in asked] == stretches
