"""Matrices, samples, audits and actions in the ledger, on both databases."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core.calendar import BOGOTA
from core.errors import ConfigurationError
from core.events import ConsentAnswer, ConsentAnswered, Source
from quality.matrix.audit import Finding, Mark
from quality.matrix.coaching import ActionState, ActionStep
from quality.matrix.lifecycle import Actor, IllegalStepError, State, Step
from quality.matrix.matrix import Category, Scope, Setting
from quality.matrix.sampling import Exclusion, PerAgent, draw
from quality.matrix.scores import score
from storage.ledger import Ledger
from storage.quality_actions import Actions, NewAction
from storage.quality_audits import Audits, NewAudit, Wanted
from storage.quality_matrices import Matrices
from storage.quality_samples import Draw, Samples
from tests.audits import ART, LINE
from tests.stories import at, events_of, log_of, uid

NOW = datetime(2026, 1, 2, 14, 0, tzinfo=UTC)
IRIS = Actor(login="iris", audits=True)
OSCAR = Actor(login="oscar", audits=True)
ANA = Actor(login="ana", agent="Ana Ruiz")
DAY = date(2026, 1, 1)

GOOD = {each.id: Finding(mark=Mark.COMPLIES) for each in ART.subitems()}
NO_GOODBYE = GOOD | {"6.4": Finding(mark=Mark.FAILS, seconds=192.5, note="Colgó sin despedirse")}


def new(auditor: Actor = IRIS, call: str = "call-1", *, blind: bool = False) -> NewAudit:
    return NewAudit(
        matrix=ART,
        setting=LINE,
        call_id=call,
        agent="Ana Ruiz",
        at=at(10),
        day=DAY,
        auditor=auditor.login,
        file="1.wav",
        blind=blind,
    )


def delivered(audits: Audits, found: Mapping[str, Finding] = NO_GOODBYE, call: str = "call-1") -> int:
    number = audits.start(new(call=call), NOW)
    audits.save(number, IRIS, found, "Nota general", 0)
    audits.step(number, Step.DELIVER, IRIS, NOW)
    return number


def state(audits: Audits, number: int) -> State:
    found = audits.find(number)
    assert found is not None
    return found.state


def test_draft_is_kept_and_delivered_as_it_was(engine: Engine) -> None:
    audits = Audits(engine)
    number = audits.start(new(), NOW)
    assert audits.start(new(), NOW) == number, "whoever begins again goes on with his draft"
    assert audits.save(number, IRIS, {"6.4": NO_GOODBYE["6.4"]}, "a medias", 0) == 1
    with pytest.raises(IllegalStepError, match=r"no está completa: 1\.1 falta"):
        audits.step(number, Step.DELIVER, IRIS, NOW)
    assert not audits.counted(LINE.line, DAY, DAY)
    audits.save(number, IRIS, NO_GOODBYE, "Nota general", 1)
    found = audits.step(number, Step.DELIVER, IRIS, NOW)
    assert found == audits.find(number)
    assert (found.state, found.audit.findings, found.note, found.delivered_at) == (
        *(State.DELIVERED, NO_GOODBYE, "Nota general", NOW),
    )
    assert found.audit.matrix == ART
    (counted,) = audits.counted(LINE.line, DAY, DAY)
    assert score([counted]).scores[Category.NON_CRITICAL].numerator == 15
    assert not audits.counted("otra", DAY, DAY)
    assert not audits.counted(None, DAY + timedelta(days=1), DAY + timedelta(days=2))


def test_failure_without_its_second_is_not_delivered(engine: Engine) -> None:
    audits = Audits(engine)
    number = audits.start(new(), NOW)
    audits.save(number, IRIS, GOOD | {"6.4": Finding(mark=Mark.FAILS, note="x")}, "", 0)
    with pytest.raises(IllegalStepError, match=r"6\.4 diga en qué segundo"):
        audits.step(number, Step.DELIVER, IRIS, NOW)


def test_draft_is_its_auditors_and_of_one_window(engine: Engine) -> None:
    audits = Audits(engine)
    number = audits.start(new(), NOW)
    audits.save(number, IRIS, {}, "", 0)
    with pytest.raises(IllegalStepError, match="cambió en otra ventana"):
        audits.save(number, IRIS, {}, "", 0)
    with pytest.raises(IllegalStepError, match="solo quien hace"):
        audits.save(number, OSCAR, {}, "", 1)
    with pytest.raises(ConfigurationError, match="no hay auditoría 99"):
        audits.save(99, IRIS, {}, "", 0)
    audits.step(number, Step.DISCARD, IRIS, NOW)
    assert audits.start(new(), NOW) != number


def test_contact_has_one_audit_and_any_number_of_blind_ones(engine: Engine) -> None:
    audits = Audits(engine)
    delivered(audits)
    with pytest.raises(IllegalStepError, match="usted ya auditó"):
        audits.start(new(), NOW)
    with pytest.raises(IllegalStepError, match="la segunda es a ciegas"):
        audits.start(new(OSCAR), NOW)
    blind = audits.start(new(OSCAR, blind=True), NOW)
    audits.save(blind, OSCAR, GOOD, "", 0)
    audits.step(blind, Step.DELIVER, OSCAR, NOW)
    with pytest.raises(IllegalStepError, match="solo el asesor"):
        audits.step(blind, Step.ACCEPT, ANA, NOW)
    assert len(audits.counted(None, DAY, DAY)) == 2
    assert score(audits.counted(None, DAY, DAY)).audits == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quality_audit SET findings = '{}'",
        "UPDATE quality_audit SET auditor = 'otro'",
        "DELETE FROM quality_audit",
        "UPDATE quality_step SET who = 'otro'",
        "DELETE FROM quality_step",
    ],
)
def test_database_refuses_to_edit_a_finished_audit(engine: Engine, statement: str) -> None:
    audits = Audits(engine)
    number = delivered(audits)
    with pytest.raises(IllegalStepError, match="no se edita"):
        audits.save(number, IRIS, {}, "", 1)
    with pytest.raises(DBAPIError, match=r"not edited|only added"), engine.begin() as connection:
        connection.execute(text(statement))
    assert state(audits, number) is State.DELIVERED


def test_adviser_disputes_and_another_auditor_upholds(engine: Engine) -> None:
    audits = Audits(engine)
    number = delivered(audits)
    audits.step(number, Step.DISPUTE, ANA, NOW, "Sí me despedí, a los 3:15")
    with pytest.raises(IllegalStepError, match="distinto"):
        audits.step(number, Step.UPHOLD, IRIS, NOW, "Se oye que no")
    found = audits.step(number, Step.UPHOLD, OSCAR, NOW + timedelta(hours=1), "En 3:15 habla el ciudadano")
    assert found.state is State.UPHELD
    assert [(done.who, done.step, done.reason) for done in found.steps] == [
        ("iris", Step.DELIVER, ""),
        ("ana", Step.DISPUTE, "Sí me despedí, a los 3:15"),
        ("oscar", Step.UPHOLD, "En 3:15 habla el ciudadano"),
    ]


def test_adviser_disputes_and_another_auditor_makes_it_new(engine: Engine) -> None:
    audits = Audits(engine)
    number = delivered(audits)
    audits.step(number, Step.DISPUTE, ANA, NOW, "Sí me despedí")
    with pytest.raises(IllegalStepError):
        audits.revise(number, IRIS, NOW, "Tiene razón")
    draft = audits.revise(number, OSCAR, NOW, "Tiene razón: se despide en 3:14")
    assert audits.revise(number, OSCAR, NOW, "otra vez") == draft
    assert state(audits, number) is State.DISPUTED, "until the new one is delivered"
    audits.save(draft, OSCAR, GOOD, "", 0)
    after = audits.step(draft, Step.DELIVER, OSCAR, NOW)
    old = audits.find(number)
    assert old is not None
    assert (old.state, old.superseded_by, old.audit.findings) == (State.SUPERSEDED, draft, NO_GOODBYE)
    assert (after.supersedes, after.reason) == (number, "Tiene razón: se despide en 3:14")
    assert [done.step for done in old.steps] == [Step.DELIVER, Step.DISPUTE, Step.SUPERSEDE]
    assert [one.findings for one in audits.counted(None, DAY, DAY)] == [GOOD]
    with pytest.raises(IllegalStepError, match="reemplazada no se puede"):
        audits.step(number, Step.UPHOLD, OSCAR, NOW, "x")


def test_new_version_waits_for_a_dispute_that_came_first(engine: Engine) -> None:
    audits = Audits(engine)
    number = delivered(audits)
    draft = audits.revise(number, IRIS, NOW, "Me equivoqué de segundo")
    audits.step(number, Step.DISPUTE, ANA, NOW, "Sí me despedí")
    with pytest.raises(IllegalStepError, match="uno distinto de quien la hizo"):
        audits.step(draft, Step.DELIVER, IRIS, NOW)
    assert state(audits, draft) is State.DRAFT


def test_new_matrix_changes_no_past_audit(engine: Engine) -> None:
    audits, matrices = Audits(engine), Matrices(engine)
    number = delivered(audits)
    stricter = replace(
        ART,
        version=2,
        valid_from=date(2026, 1, 1),
        thresholds=dict.fromkeys(Category, Fraction(99, 100)),
        title="Más exigente",
    )
    assert matrices.load(stricter, NOW)
    assert not matrices.load(stricter, NOW)
    assert matrices.of_contact(LINE, DAY) == stricter
    found = audits.find(number)
    assert found is not None
    assert found.audit.matrix == ART
    with pytest.raises(ConfigurationError, match="escriba «version: 3»"):
        matrices.load(replace(stricter, title="Otra"), NOW)


def test_loaded_matrix_goes_before_the_shipped_one(engine: Engine) -> None:
    matrices = Matrices(engine)
    assert matrices.of_contact(LINE, DAY) == ART
    own = replace(ART, id="propia", scope=Scope(lines=frozenset({LINE.line})))
    matrices.load(own, NOW)
    delivered(Audits(engine))
    assert matrices.of_contact(LINE, DAY) == own
    assert matrices.of_contact(Setting(line="otra"), DAY) == ART
    everywhere = replace(ART, id="general")
    matrices.load(everywhere, NOW)
    assert matrices.of_contact(Setting(line="otra"), DAY) == everywhere


def test_conversations_are_told_with_what_keeps_them_from_being_drawn(engine: Engine) -> None:
    ledger, samples = Ledger(engine), Samples(engine)
    ledger.apply(events_of(line for line in log_of(range(64))))
    ledger.apply(
        [
            ConsentAnswered(
                at=at(27),
                call_id=uid(8),
                channel_id=uid(8),
                source=Source.AMI,
                version="1",
                answer=ConsentAnswer.DECLINED,
            )
        ]
    )
    without = [line for line in log_of([72]) if "GRABACION" not in line]
    ledger.apply(events_of(without))
    delivered(Audits(engine), call="another")
    found = samples.conversations("018000910123", at(0), at(3600))
    told = {one.call_id: one.exclusion for one in found}
    assert told == {uid(number): None for number in range(64) if number % 8 in {0, 1}} | {
        uid(8): Exclusion.NOT_AUTHORISED,
        uid(72): Exclusion.NO_RECORDING,
    }
    assert next(one for one in found if one.call_id == uid(0)).file == f"{uid(0)}.wav"
    assert not samples.conversations("otra", at(0), at(3600))
    assert not samples.conversations("018000910123", at(3600), at(7200))


def test_sample_is_kept_and_its_conversations_are_not_drawn_again(engine: Engine) -> None:
    ledger, samples = Ledger(engine), Samples(engine)
    ledger.apply(events_of(log_of(range(64))))
    conversations = samples.conversations("018000910123", at(0), at(3600))
    drawn = draw(conversations, PerAgent(count=5), "2026-01", BOGOTA)
    of = Draw(line="018000910123", first=DAY, last=DAY, made_by="iris", made_at=NOW)
    number = samples.add(drawn, of)
    found = samples.find(number)
    assert found is not None
    assert (found.of, found.seed, found.size, found.population) == (of, "2026-01", "5 por asesor", {"Ana Ruiz": 16})
    assert found.drawn == tuple(each.conversation for each in drawn.drawn)
    again = samples.conversations("018000910123", at(0), at(3600))
    assert sum(one.exclusion is Exclusion.AUDITED for one in again) == 5
    other = samples.add(draw(again, PerAgent(count=5), "2026-01", BOGOTA), of)
    second = samples.find(other)
    assert second is not None
    assert not {one.key for one in second.drawn} & {one.key for one in found.drawn}
    assert len(second.excluded) == 5
    assert [sample.id for sample in samples.latest()] == [other, number]
    assert samples.find(99) is None


def test_actions_are_followed_to_their_end(engine: Engine) -> None:
    audits, actions = Audits(engine), Actions(engine)
    number = delivered(audits)
    with pytest.raises(IllegalStepError, match="diga qué se acordó"):
        actions.open(NewAction(audit_id=number, what=" ", due=DAY, opened_by="jefe"), NOW)
    with pytest.raises(ConfigurationError, match="no hay auditoría 99"):
        actions.open(NewAction(audit_id=99, what="Guion", due=DAY, opened_by="jefe"), NOW)
    action = actions.open(NewAction(audit_id=number, what="Practicar el guion", due=DAY, opened_by="jefe"), NOW)
    (open_one,) = actions.all(agent="Ana Ruiz")
    assert (open_one.id, open_one.state, open_one.is_late(DAY + timedelta(days=1))) == (action, ActionState.OPEN, True)
    closed = actions.close(action, ActionStep.FINISH, "jefe", NOW, "Lo hizo tres días seguidos")
    assert (closed.state, closed.closed_by, closed.result) == (ActionState.DONE, "jefe", "Lo hizo tres días seguidos")
    with pytest.raises(IllegalStepError, match="ya terminó"):
        actions.close(action, ActionStep.DROP, "jefe", NOW, "x")
    assert not actions.all(agent="otra")
    assert actions.all(audit_id=number) == (closed,)


def test_audits_are_found_by_what_is_asked(engine: Engine) -> None:
    audits = Audits(engine)
    first, second = delivered(audits), audits.start(new(OSCAR, "call-2"), NOW)
    assert {one.number for one in audits.all(Wanted())} == {first, second}
    assert [one.number for one in audits.all(Wanted(auditor="oscar"))] == [second]
    assert [one.number for one in audits.all(Wanted(states=frozenset({State.DELIVERED})))] == [first]
    assert [one.number for one in audits.all(Wanted(call_id="call-2", agent="Ana Ruiz"))] == [second]
    assert not audits.all(Wanted(sample_id=1))
