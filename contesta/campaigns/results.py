"""What came of a campaign, as the report tells it: counts, dispositions and answers, with their shares."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any

from callback_queue.campaign.dispositions import Disposition
from contesta.call_csv import harmless_row
from contesta.campaigns.text import DISPOSITIONS, FATES, Share, why
from contesta.data_requests import CLAIM
from contesta.format import day_and_hour, phone
from ivr.line.model import Line, Question, Scale
from storage.campaigns import IVR, Campaign, Campaigns, Results, StoredRecord
from storage.holds import Reach

_OURS = ("Registro", "Teléfono llamado", "Resultado", "Fecha", "Por", "Nota")

ANSWERS: Mapping[Scale, Mapping[int, str]] = {
    Scale.FOUR: {4: "Excelente", 3: "Bueno", 2: "Regular", 1: "Malo"},
    Scale.FIVE: {each: str(each) for each in (5, 4, 3, 2, 1)},
    Scale.YES_NO: {1: "Sí", 2: "No"},
    Scale.COMMENT: {0: "Comentario escrito"},
}
"""The answers to a question of a scale, the best first, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers to one question. `typed` of them were typed by somebody, the others keyed by whom we called."""

    name: str
    title: str
    answered: int
    typed: int
    shares: tuple[Share, ...]


def dispositions(campaign: Campaign, results: Results) -> tuple[Share, ...]:
    """Give the dispositions there are, of the records to manage, and those that are still to be worked."""
    found = results.dispositions
    rest = Share(name="pending", title="Por gestionar", count=campaign.pending, of=campaign.counts.to_manage)
    return (
        *(
            Share(name=each, title=DISPOSITIONS[each], count=found[each], of=campaign.counts.to_manage)
            for each in Disposition
            if each in found
        ),
        *([rest] if campaign.pending else []),
    )


def answers(results: Results, line: Line | None, survey: str) -> tuple[Answers, ...]:
    """Give the answers to each question, the best answer first. Questions are named as the line's survey has them."""
    known = line.surveys.get(survey) if line else None
    questions = {question.name: question for question in known.questions} if known else {}
    asked = [name for name in questions if name in results.questions]
    others = sorted(results.questions.keys() - questions.keys())
    return tuple(_answers(name, results, questions.get(name)) for name in (*asked, *others))


def as_data(campaign: Campaign, results: Results, line: Line | None) -> dict[str, Any]:
    """Give the results for other programs."""
    return {
        "name": campaign.name,
        "line": campaign.line,
        "survey": campaign.survey,
        "asker": campaign.asker,
        "state": campaign.state,
        "counts": asdict(campaign.counts) | {"cleaned": campaign.counts.cleaned},
        "pending": campaign.pending,
        "dispositions": [asdict(share) for share in dispositions(campaign, results)],
        "questions": [asdict(each) for each in answers(results, line, campaign.survey)],
    }


def exported(
    campaign: Campaign, store: Campaigns, lines: Mapping[str, Line], zone: tzinfo, claimed: Reach
) -> Iterator[str]:
    """Write the base as it was uploaded, with what came of each record, as lines of a table for spreadsheets.

    Records of people who claim about their data are marked.
    """
    found = answers(store.results(campaign.id), lines.get(campaign.line), campaign.survey)
    questions = {each.name: each.title for each in found}
    titles = campaign.columns.titles
    yield harmless_row([*titles, *_OURS, *questions.values(), "Respuestas escritas por", "Reclamo"])
    records = store.records(campaign.id)
    while records:
        for record in records:
            row = record.record
            telephone = row.telephones[0] if row.telephones else ""
            about = claimed.has_record(telephone, row.document, record.request_id)
            yield harmless_row([*_cells(record, len(titles), questions, zone), CLAIM if about else ""])
        records = store.records(campaign.id, after=records[-1].position)


def _cells(record: StoredRecord, width: int, questions: Mapping[str, str], zone: tzinfo) -> Iterator[str]:
    for place in range(width):
        yield record.record.cells[place] if place < len(record.record.cells) else ""
    reason = why(record.record)
    yield FATES[record.record.fate] + (f": {reason}" if reason else "")
    yield phone(record.record.telephones[0]) if record.record.telephones else ""
    yield DISPOSITIONS[record.disposition] if record.disposition else ""
    yield day_and_hour(record.disposed_at, zone) if record.disposed_at else ""
    yield record.disposed_by
    yield record.note
    for question in questions:
        said = record.answers.get(question)
        yield (said.text or str(said.answer)) if said else ""
    yield ", ".join(sorted({said.author for said in record.answers.values()} - {IVR}))


def _answers(name: str, results: Results, question: Question | None) -> Answers:
    counted = results.questions[name]
    words = ANSWERS.get(question.scale, {}) if question else {}
    total = sum(counted.values())
    order = list(_order(words, counted))
    return Answers(
        name=name,
        title=question.title if question else name,
        answered=total,
        typed=results.typed.get(name, 0),
        shares=tuple(
            Share(name=str(answer), title=words.get(answer, str(answer)), count=counted.get(answer, 0), of=total)
            for answer in order
        ),
    )


def _order(words: Mapping[int, str], counted: Mapping[int, int]) -> Iterator[int]:
    yield from words
    yield from sorted(counted.keys() - words.keys(), reverse=True)
