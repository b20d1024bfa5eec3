"""What audits come to: ART-2019's September, intervals and agreement as published, and what must never matter."""

import random
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.matrix.agreement import Bias, agreement, biases, by_item, kappa, pairs
from quality.matrix.audit import Audit, Mark
from quality.matrix.intervals import sample_size, wilson
from quality.matrix.matrix import Category
from quality.matrix.scores import Score, by, pareto, score
from tests.audits import ART, audit, failing, september

SUBITEMS = [each.id for each in ART.subitems()]
CATEGORY_OF = {each.id: item.category for item in ART.items for each in item.subitems}

some_audits = st.lists(st.dictionaries(st.sampled_from(SUBITEMS), st.sampled_from(Mark)), min_size=1, max_size=8).map(
    lambda marks: [audit(number, told) for number, told in enumerate(marks)]
)


def test_september_of_the_report() -> None:
    card = score(september())
    assert card.audits == 20
    assert {name: group.audits for name, group in by(september(), lambda one: one.agent).items()} == {
        "Andrés Gil": 10,
        "Laura Peña": 10,
    }
    business, user, non_critical = (card.scores[category] for category in Category)
    assert (business.numerator, business.denominator, business.complies) == (20, 20, True)
    assert (user.numerator, user.denominator, user.complies) == (20, 20, True)
    assert (non_critical.numerator, non_critical.denominator, non_critical.complies) == (311, 320, True)
    assert not business.is_certain, "20 of 20 may be 84 %"
    assert non_critical.is_certain
    failed = {item.item.id: item for item in card.items if item.failures}
    assert {number: (item.failures, item.share) for number, item in failed.items()} == {
        "6": (4, Fraction(4, 9)),
        "7": (4, Fraction(4, 9)),
        "9": (1, Fraction(1, 9)),
    }
    assert {each.subitem.id for item in failed.values() for each in item.subitems if each.failures} == {
        *("6.1", "6.2", "6.4", "7.1", "9.3")
    }
    assert len({one.id for one in september() if any(f.mark is Mark.FAILS for f in one.findings.values())}) == 6
    assert [(cause.score.subitem.id, cause.cumulative) for cause in pareto(card)][:2] == [
        ("7.1", Fraction(4, 9)),
        ("6.4", Fraction(6, 9)),
    ]
    assert pareto(card)[-1].cumulative == 1


def test_no_audits_have_no_figures() -> None:
    for found in score([]).scores.values():
        assert (found.value, found.interval, found.complies, found.threshold) == (None, None, None, None)


def test_verdict_is_by_whole_numbers() -> None:
    assert Score(numerator=17, denominator=20, threshold=Fraction(85, 100)).complies
    assert not Score(numerator=1699, denominator=2000, threshold=Fraction(85, 100)).complies


def test_versions_that_ask_for_different_shares_have_no_verdict_together() -> None:
    stricter = replace(ART, version=2, thresholds={**ART.thresholds, Category.NON_CRITICAL: Fraction(95, 100)})
    both = [failing(1, "6.1"), failing(2, "6.1", matrix=stricter)]
    card = score(both)
    assert card.scores[Category.NON_CRITICAL].threshold is None
    assert card.scores[Category.NON_CRITICAL].complies is None
    assert card.scores[Category.BUSINESS_CRITICAL].complies
    assert next(item for item in card.items if item.item.id == "6").failures == 2, (
        "a number is one item in all versions"
    )
    assert [
        group.scores[Category.NON_CRITICAL].complies for group in by(both, lambda one: one.matrix.name).values()
    ] == [
        True,
        False,
    ]


@settings(max_examples=30)
@given(some_audits, st.randoms())
def test_order_of_audits_never_matters(audits: list[Audit], chance: random.Random) -> None:
    shuffled = list(audits)
    chance.shuffle(shuffled)
    assert score(shuffled) == score(audits)


@settings(max_examples=30)
@given(some_audits)
def test_not_applicable_never_counts(audits: list[Audit]) -> None:
    without = [
        replace(
            one, findings={key: found for key, found in one.findings.items() if found.mark is not Mark.NOT_APPLICABLE}
        )
        for one in audits
    ]
    assert score(without) == score(audits)


@settings(max_examples=30)
@given(some_audits, st.sampled_from(SUBITEMS))
def test_one_critical_failure_fails_exactly_its_category(audits: list[Audit], subitem: str) -> None:
    before, after = score(audits), score([*audits, failing(99, subitem)])
    for category in Category:
        gained = after.scores[category].numerator - before.scores[category].numerator
        asked = after.scores[category].denominator - before.scores[category].denominator
        if category.is_critical:
            assert (gained, asked) == (int(category is not CATEGORY_OF[subitem]), 1)
        else:
            assert asked - gained == int(category is CATEGORY_OF[subitem])


@settings(max_examples=30)
@given(some_audits)
def test_groups_add_up(audits: list[Audit]) -> None:
    mixed = [replace(one, agent=f"agent {place % 3}") for place, one in enumerate(audits)]
    groups = by(mixed, lambda one: one.agent).values()
    for category in Category:
        whole = score(mixed).scores[category]
        assert sum(group.scores[category].numerator for group in groups) == whole.numerator
        assert sum(group.scores[category].denominator for group in groups) == whole.denominator


def test_blind_audits_measure_agreement_only() -> None:
    assert score([*september(), failing(99, "1.1", blind=True)]) == score(september())


@given(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(counts: tuple[int, int]) -> None:
    numerator, denominator = counts
    found = wilson(numerator, denominator)
    if denominator == 0:
        assert found is None
        return
    expected = scipy.stats.binomtest(numerator, denominator).proportion_ci(method="wilson")
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_as_published() -> None:
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    # statsmodels 0.15, stats.proportion.proportion_confint, method "wilson"
    assert wilson(311, 320) == pytest.approx((0.947420938061227, 0.9851341495417246), rel=1e-12)
    assert wilson(20, 20) == pytest.approx((0.8388748419471804, 1.0), rel=1e-12)


@pytest.mark.parametrize(
    ("population", "margin", "size"),
    [(1_000, 0.05, 278), (10_000, 0.05, 370), (100, 0.05, 80), (1, 0.1, 1), (0, 0.1, 0)],
)
def test_sample_sizes_as_published(population: int, margin: float, size: int) -> None:
    # R. V. Krejcie and D. W. Morgan, "Determining sample size for research activities", 1970, table 1
    assert sample_size(population, margin) == size


@given(st.integers(1, 100_000), st.floats(0.01, 0.5))
def test_sample_is_never_larger_than_what_there_is(population: int, margin: float) -> None:
    assert 1 <= sample_size(population, margin) <= population


@pytest.mark.parametrize(
    ("table", "value", "error"),
    [
        ([[53, 5, 2], [11, 14, 5], [1, 6, 3]], 0.4285714285714285, 0.0759588315346638),
        ([[44, 5, 1], [7, 20, 3], [9, 5, 6]], 0.49152542372881347, 0.07212745929334068),
        (
            [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]],
            -0.10714285714285715,
            0.04958229667293443,
        ),
    ],
)
def test_kappa_and_its_error_are_those_of_statsmodels(table: list[list[int]], value: float, error: float) -> None:
    # statsmodels 0.15, stats.inter_rater.cohens_kappa: kappa, std_kappa
    assert kappa(np.array(table, dtype=np.float64)) == pytest.approx((value, error), rel=1e-12)


def test_kappa_has_no_value_where_all_marks_are_one() -> None:
    found = agreement([(Mark.COMPLIES, Mark.COMPLIES)] * 5)
    assert (found.pairs, found.equal, found.kappa, found.interval) == (5, 5, None, None)
    assert agreement([]).kappa is None


def test_kappa_of_full_agreement_is_one_and_of_full_disagreement_is_below_zero() -> None:
    same = agreement([(Mark.COMPLIES, Mark.COMPLIES), (Mark.FAILS, Mark.FAILS)])
    assert same.kappa == 1
    apart = agreement([(Mark.COMPLIES, Mark.FAILS), (Mark.FAILS, Mark.COMPLIES)])
    assert apart.kappa == -1


def doubles() -> list[Audit]:
    """Ten contacts heard by two: Óscar fails 8.2 in four of them, Iris in one of these."""
    iris = [failing(number, *(["8.2"] if number == 0 else [])) for number in range(10)]
    oscar = [
        failing(number, *(["8.2"] if number < 4 else []), id=f"B-{number}", auditor="Óscar Díaz", blind=True)
        for number in range(10)
    ]
    return [*oscar, *iris, audit(50), audit(51, auditor="Óscar Díaz")]


@pytest.mark.parametrize("parted", [(0, 0), (1, 0), (3, 3), (2, 9), (40, 61), (5, 900)])
def test_chance_parts_auditors_as_often_as_the_exact_test_says(parted: tuple[int, int]) -> None:
    bias = Bias(auditor="Iris Mora", marks=1000, only_this=parted[0], only_others=parted[1])
    assert bias.p_value == pytest.approx(scipy.stats.binomtest(parted[0], sum(parted)).pvalue if any(parted) else 1.0)


def test_double_audits_tell_who_is_stricter() -> None:
    found = tuple(pairs(doubles()))
    assert len(found) == 10
    assert all((one.auditor, other.auditor) == ("Iris Mora", "Óscar Díaz") for one, other in found)
    of = by_item(found)
    assert (of["8.2"].pairs, of["8.2"].equal) == (10, 7)
    assert of["8.2"].kappa == pytest.approx((0.7 - 0.58) / (1 - 0.58))
    assert of["8"] == of["8.2"], "an item fails with its sub-item"
    assert of["7"].kappa is None
    iris, oscar = biases(found)
    assert (iris.marks, iris.only_this, iris.only_others) == (270, 0, 3)
    assert oscar.excess == pytest.approx(3 / 270)
    assert oscar.p_value == pytest.approx(0.25)
    assert tuple(pairs(reversed(doubles()))) == found


def test_audits_are_told_apart_by_month() -> None:
    audits = [audit(1, day=date(2019, 9, 30)), failing(2, "1.1", day=date(2019, 10, 1))]
    groups = by(audits, lambda one: f"{one.day:%Y-%m}")
    assert [group.scores[Category.BUSINESS_CRITICAL].value for group in groups.values()] == [1.0, 0.0]
