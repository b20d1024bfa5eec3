"""To which calls the figures of surveys and of the ways through the menus lead: for each, what is asked of the list.

A figure of 0 leads nowhere, nor does one whose calls cannot be asked for: those of a survey or a line without a name,
of a question with a comma in its name, and good answers pooled of questions of which different answers are good.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from contesta.call_search import CallSearch, day_of
from contesta.funnel_results import FlowResult, HangUps, MenuResult
from contesta.said_search import DID_WORDS, GIVEN, NOT_GIVEN, STAGE_WORDS
from contesta.survey_results import By, QuestionResult
from contesta.told_calls import Span
from contesta.web.validation import LONGEST
from core.events import Stage
from quality.metrics.funnel import Did

Found = Mapping[str, CallSearch]


def of_span(span: Span, line: str) -> CallSearch:
    """Ask for the calls of a line in a span."""
    since = day_of(span.first, span.zone)[0] if span.first else None
    until = day_of(span.last, span.zone)[1] if span.last else None
    return CallSearch(since=since, until=until, line=line)


def of_row(base: CallSearch, span: Span, group: By, name: str) -> CallSearch | None:
    """Ask for those of a day, a queue or an adviser."""
    match group:
        case By.DAY:
            since, until = day_of(date.fromisoformat(name), span.zone)
            return replace(base, since=since, until=until)
        case By.QUEUE:
            return replace(base, queue=name) if name else None
        case By.AGENT:
            return replace(base, agent=name) if name else None


def of_question(base: CallSearch | None, one: QuestionResult, attended: str) -> Found:
    """Ask for who answered, who was asked in vain, who answered well, and who gave each answer (by its number).

    Whose answers make the mean are those who answered.
    """
    questions = one.pooled or [one.question]
    if base is None or not (base.line and one.survey and all(questions)) or any("," in name for name in questions):
        return {}
    asked = replace(base, survey=one.survey, question=",".join(questions), attended=attended)
    counts = {
        "answered": (one.answered, GIVEN),
        "in_vain": (one.asked - one.answered, NOT_GIVEN),
        "top": (one.top.numerator if one.top_answers else 0, ",".join(map(str, one.top_answers))),
        "mean": (0 if one.mean is None else one.answered, GIVEN),
    }
    counts |= {str(answer.answer): (answer.count, str(answer.answer)) for answer in one.distribution}
    return {name: replace(asked, answer=answer) for name, (count, answer) in counts.items() if count}


def of_menu(base: CallSearch, one: MenuResult) -> Found:
    """Ask for the calls of each figure of a menu, and of each key (by "key" and itself)."""
    if not (base.line and one.menu):
        return {}
    menu = replace(base, stage=STAGE_WORDS[Stage.MENU], place=one.menu)
    found = {did.value: replace(menu, did=DID_WORDS[did]) for did in _OF_MENUS if getattr(one, did)}
    chose = replace(menu, did=DID_WORDS[Did.CHOSE])
    keys = {f"key{each.key}": replace(chose, key=each.key) for each in one.options if each.key and each.chosen}
    return found | keys


def of_hang_up(base: CallSearch, one: HangUps) -> CallSearch | None:
    """Ask for the calls whose callers hung up there."""
    if not base.line or not (one.name or one.stage is Stage.LANGUAGE):
        return None
    return replace(base, did=DID_WORDS[Did.LEFT], stage=STAGE_WORDS[one.stage], place=one.name)


def of_flow(base: CallSearch, one: FlowResult) -> CallSearch | None:
    """Ask for the calls that went that way."""
    return replace(base, passage=one.passage) if base.line and len(one.passage) <= LONGEST else None


def of_calls(base: CallSearch, did: Did) -> CallSearch | None:
    """Ask for the calls that came to something."""
    return replace(base, did=DID_WORDS[did]) if base.line else None


_OF_MENUS = tuple(did for did in Did if did not in {Did.LEFT, Did.SOLVED, Did.ANSWERED})
