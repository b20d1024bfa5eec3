"""Samples: the same from the same seed, spread over strata, and never of what may not be heard."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import BOGOTA
from core.errors import ConfigurationError
from quality.matrix.intervals import sample_size
from quality.matrix.sampling import Conversation, DayPart, Exclusion, Length, Margin, PerAgent, Size, draw

MORNING = datetime(2019, 9, 2, 13, 0, tzinfo=UTC)  # eight o'clock in Bogotá


def conversation(
    number: int, agent: str = "Ana Ruiz", exclusion: Exclusion | None = None, seconds: int = 60
) -> Conversation:
    return Conversation(
        call_id=f"call-{number}",
        line="018000910123",
        agent=agent,
        at=MORNING + timedelta(minutes=7 * number),
        seconds=seconds,
        file=f"{number}.wav",
        exclusion=exclusion,
    )


conversations = st.lists(
    st.builds(
        conversation,
        st.integers(0, 200),
        st.sampled_from(["Ana Ruiz", "Luis Gil", "Eva Mora"]),
        st.sampled_from([None, None, None, *Exclusion]),
        st.integers(0, 600),
    ),
    max_size=60,
    unique_by=lambda one: one.key,
)
sizes: st.SearchStrategy[Size] = st.builds(PerAgent, count=st.integers(1, 12)) | st.builds(
    Margin, margin=st.fractions(Fraction(1, 20), Fraction(1, 2))
)


@settings(max_examples=60)
@given(conversations, sizes, st.sampled_from(["2019-09", "x"]))
def test_sample_follows_from_seed_alone(told: list[Conversation], size: Size, seed: str) -> None:
    sample = draw(told, size, seed, BOGOTA)
    assert draw(reversed(told), size, seed, BOGOTA) == sample
    drawn = [each.conversation for each in sample.drawn]
    eligible = [one for one in told if one.exclusion is None]
    assert len({one.key for one in drawn}) == len(drawn)
    assert all(one.exclusion is None for one in drawn)
    assert {one.key for one in sample.excluded} == {one.key for one in told} - {one.key for one in eligible}
    of_each = Counter(one.agent for one in eligible)
    assert sample.population == of_each
    if isinstance(size, PerAgent):
        wanted = {agent: min(size.count, there) for agent, there in of_each.items()}
        assert Counter(one.agent for one in drawn) == wanted
    else:
        assert len(drawn) == sample_size(len(eligible), float(size.margin))


@settings(max_examples=60)
@given(conversations, st.integers(1, 30))
def test_every_stratum_has_its_share_to_within_one(told: list[Conversation], count: int) -> None:
    one_agent = [one for one in told if one.exclusion is None and one.agent == "Ana Ruiz"]
    drawn = Counter(each.stratum for each in draw(one_agent, PerAgent(count=count), "s", BOGOTA).drawn)
    there = Counter(one.stratum(BOGOTA) for one in one_agent)
    for stratum, of_stratum in there.items():
        share = of_stratum * min(count, len(one_agent)) / len(one_agent)
        assert abs(drawn[stratum] - share) < 1


def test_each_conversation_has_the_same_chance() -> None:
    told = [conversation(number, seconds=60 * number) for number in range(15)]
    drawn: Counter[str] = Counter()
    for seed in range(600):
        drawn.update(each.conversation.call_id for each in draw(told, PerAgent(count=5), str(seed), BOGOTA).drawn)
    assert set(drawn) == {one.call_id for one in told}
    assert all(abs(times / 600 - 1 / 3) < 0.08 for times in drawn.values()), "a third each; 0.08 is four errors"


def test_another_seed_draws_others() -> None:
    told = [conversation(number) for number in range(100)]
    one, other = (draw(told, PerAgent(count=10), seed, BOGOTA).drawn for seed in ("a", "b"))
    assert one != other


def test_strata_are_local_and_by_length() -> None:
    assert [conversation(number).stratum(BOGOTA).day_part for number in (0, 34, 35, 85, 86)] == [
        *(DayPart.MORNING, DayPart.MORNING, DayPart.AFTERNOON, DayPart.AFTERNOON, DayPart.EVENING)
    ]
    lengths = [conversation(0, seconds=seconds).stratum(BOGOTA).length for seconds in (119, 120, 299, 300)]
    assert lengths == [Length.SHORT, Length.MEDIUM, Length.MEDIUM, Length.LONG]


@pytest.mark.parametrize(
    ("size", "seed", "said"),
    [
        (PerAgent(count=0), "s", "de 1 a 500 auditorías"),
        (Margin(margin=Fraction(0)), "s", "de 1 % a 50 %"),
        (PerAgent(count=1), "", "semilla no válida"),
        (PerAgent(count=1), "a b", "semilla no válida"),
    ],
)
def test_no_size_and_no_seed_are_refused(size: Size, seed: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        draw([], size, seed, BOGOTA)
