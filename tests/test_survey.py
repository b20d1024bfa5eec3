"""Survey figures: those that the Agencia Nacional de Minería published, and those of calls."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.metrics.figures import Ratio
from quality.metrics.survey import Asked, Contact, Question, Result, by, pooled, results

TREATMENT, SPEED = Asked("atencion", "trato"), Asked("atencion", "rapidez")
QUESTIONS = (
    Question(asked=TREATMENT, title="Trato", top=frozenset({4, 5})),
    Question(asked=SPEED, title="Rapidez", top=frozenset({4, 5})),
)

# Agencia Nacional de Minería, report of November 2025: top-two answers and answers, in person and by telephone.
# It prints 97,5 % where 97,56 would be rounded to 97,6.
ANM_2025 = {
    "satisfacción": ((714, 714), (285, 310)),
    "percepción": ((709, 714), (243, 285)),
    "confianza": ((698, 714), (220, 259)),
}


def published(top_answers: int, answered: int, attended: int = 0) -> Result:
    return Result.published(top_answers=top_answers, answered=answered, attended=attended)


def contact(day: int, agent: str, **answers: int | None) -> Contact:
    return Contact(
        call_id=f"{day}.{agent}",
        day=date(2026, 11, day),
        line="ciudadanos",
        queue="atencion",
        agent=agent,
        answers={Asked("atencion", question): answer for question, answer in answers.items()},
    )


@pytest.mark.parametrize(
    ("question", "numerator", "denominator", "printed"),
    [
        ("satisfacción", 714 + 285, 714 + 310, "97.6"),
        ("percepción", 709 + 243, 714 + 285, "95.3"),
        ("confianza", 698 + 220, 714 + 259, "94.3"),
    ],
)
def test_a_consolidated_figure_pools_the_people_of_both_channels(
    question: str, numerator: int, denominator: int, printed: str
) -> None:
    channels = [published(top, answered) for top, answered in ANM_2025[question]]
    share = pooled(channels).top_share
    assert share == Ratio(numerator, denominator)
    assert share.value is not None
    assert f"{100 * share.value:.1f}" == printed


def test_the_consolidated_satisfaction_pools_the_three_questions_too() -> None:
    everything = pooled(published(*channel) for channels in ANM_2025.values() for channel in channels)
    assert everything.top_share == Ratio(2869, 2996)
    assert f"{100 * 2869 / 2996:.2f}" == "95.76"


def test_trust_of_february_2024() -> None:
    assert pooled([published(970, 992), published(16, 159)]).top_share == Ratio(986, 1151)


def test_a_response_rate_is_of_the_attended() -> None:
    assert published(0, 179, attended=799).response_rate == Ratio(179, 799)


def test_asked_answered_and_attended_are_three_things() -> None:
    contacts = [contact(2, "Ana", trato=5, rapidez=None), contact(2, "Ana", trato=3), contact(2, "Ana")]
    treatment, speed = results(contacts, QUESTIONS).values()
    assert (treatment.attended, treatment.asked, treatment.answered) == (3, 2, 2)
    assert (speed.attended, speed.asked, speed.answered) == (3, 1, 0)
    assert treatment.top_share == Ratio(1, 2)
    assert treatment.mean == Ratio(8, 2)
    assert treatment.answers == Counter({5: 1, 3: 1})
    assert speed.mean.value is None
    assert speed.completion_rate == Ratio(0, 1)


def test_without_contacts_every_question_has_its_empty_result() -> None:
    assert results([], QUESTIONS) == {TREATMENT: Result(), SPEED: Result()}


def test_single_answers_of_a_report_are_not_known() -> None:
    assert (published(3, 4) + published(1, 2)).mean.value is None


def test_an_answer_to_a_question_that_is_no_longer_asked_changes_nothing() -> None:
    (only,) = results([contact(2, "Ana", trato=4, otra=1)], QUESTIONS[:1]).values()
    assert only.answers == Counter({4: 1})


@given(
    st.lists(
        st.tuples(st.integers(1, 28), st.sampled_from(["Ana", "Luis"]), st.none() | st.integers(1, 5)), max_size=40
    )
)
def test_the_total_is_computed_from_the_contacts_and_equals_the_sum_of_any_table(
    drawn: list[tuple[int, str, int | None]],
) -> None:
    contacts = [contact(day, agent, trato=answer) for day, agent, answer in drawn]
    total = results(contacts, QUESTIONS)[TREATMENT]
    for group in (lambda one: one.day, lambda one: one.agent):
        rows = by(contacts, QUESTIONS, group).values()
        assert pooled(row[TREATMENT] for row in rows) == total
