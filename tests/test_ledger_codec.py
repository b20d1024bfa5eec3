"""Every event there is goes into a row and comes back as it was; a row that tells no event is refused."""

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

import core.events
from core.errors import ProtocolError
from core.events import Event
from storage.codec import decode, encode
from tests.stories import events_of, lines

KINDS = [
    kind
    for kind in vars(core.events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind.__subclasses__() == []
]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
FIELDS = {"at": st.datetimes(timezones=st.just(UTC)), "call_id": TEXT, "channel_id": TEXT}

st.register_type_strategy(str, TEXT)


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind: type[Event]) -> None:
    @given(st.builds(kind, **FIELDS))
    def comes_back(event: Event) -> None:
        assert decode(encode(event)) == event

    comes_back()


@given(st.text())
def test_any_text_can_be_stored(text: str) -> None:
    (event,) = events_of(lines(0)[:1])
    values = encode(replace(event, channel_id=text))
    assert "\0" not in values["channel_id"]
    values["channel_id"].encode()


def test_place_in_the_log_is_no_part_of_the_fact() -> None:
    (event,) = events_of(lines(0)[:1])
    assert encode(event)["key"] == encode(replace(event, order=7))["key"]
    assert encode(event)["key"] != encode(replace(event, channel_id="other"))["key"]


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("CallTeleported", "{}", "unknown kind 'CallTeleported'"),
        ("CallStarted", '{"line":"l"}', r"has the fields \['line'\]"),
        ("CallStarted", '{"line":"l","number":"n","colour":"red"}', "colour"),
        ("CallStarted", '{"line":"l","number":7}', "has 7 for number"),
        ("SurveyAnswered", '{"question":"q","answer":true}', "has True for answer"),
        ("SurveyAnswered", '{"question":"q","answer":"5"}', "has '5' for answer"),
        ("MenuStepped", '{"menu":"m","key":"1","result":"danced"}', "has 'danced' for result"),
        ("HoldChanged", '{"on":1}', "has 1 for on"),
    ],
)
def test_rows_that_tell_no_event_are_refused(kind: str, data: str, says: str) -> None:
    (event,) = events_of(lines(0)[:1])
    with pytest.raises(ProtocolError, match=says):
        decode(encode(event) | {"kind": kind, "data": data})


def test_fields_added_later_have_their_defaults_in_older_rows() -> None:
    (event,) = events_of(["1767280000|1.1|q|NONE|ENTERQUEUE||anonymous|4"])
    assert decode(encode(event) | {"data": '{"queue":"q"}'}) != event
    assert decode(encode(event) | {"data": '{"queue":"q","position":4}'}) == event
