"""Campaigns in the database: drafts, records given to be called, what came of each, and what the report prints."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

import ivr
from callback_queue.campaign.base import Exclusion, Fate
from callback_queue.campaign.columns import guess
from callback_queue.campaign.dispositions import Disposition, follows
from callback_queue.campaign.sheet import rows
from callback_queue.request import Reason, Result, State
from callback_queue.states import (
    Accepted,
    Answered,
    AttemptFailed,
    Connected,
    Dialled,
    GaveUp,
    TalkEnded,
)
from contesta import cli
from contesta.campaigns.desk import Desk
from contesta.campaigns.feeding import AHEAD
from contesta.campaigns.results import as_data, exported
from contesta.lines import examine_files
from core.errors import ConfigurationError
from core.events import CallEnded, CallStarted, EndedBy, Source, SurveyAnswered
from ivr import prompts
from ivr.line.model import Line
from ivr.line.published import Published
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.campaigns import Campaign, CampaignState, NewCampaign, Outcome
from storage.forgetting import Forgetting
from storage.holds import Reach
from storage.ledger import Ledger

NOW = datetime(2026, 6, 2, 17, tzinfo=UTC)  # a Tuesday, 12:00 in Bogotá
BOGOTA = ZoneInfo("America/Bogota")
NEW = NewCampaign(name="Septiembre", line="anm", survey="anm_servicio", file="base.csv", author="ana.ruiz")


ANM = Path(ivr.__file__).parent / "lines" / "anm.yaml"


def anm() -> Line:
    (one,) = examine_files([ANM])
    assert one.line is not None
    return one.line


LINE = anm()


def base_file(people: int) -> bytes:
    told = [f"Persona {number};3{number:09};{number}" for number in range(people)]
    return "\n".join(["Nombre;Celular;Cédula", *told, "Sin;;", "Mal;123;"]).encode()


def draft(desk: Desk, content: bytes, new: NewCampaign = NEW) -> Campaign:
    told = tuple(rows(content))
    return desk.campaigns.add(new, desk.prepare(told, guess(told).checked(), new), NOW)


def running(desk: Desk, people: int = 3, new: NewCampaign = NEW) -> Campaign:
    campaign = draft(desk, base_file(people), new)
    assert desk.campaigns.move(campaign.id, {CampaignState.DRAFT}, CampaignState.RUNNING)
    return campaign


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine, {"anm": LINE})


def open_requests(engine: Engine) -> int:
    wanted = CallbackFilter(open_only=True)
    return len(CallbackLists(engine).page(wanted, size=500).requests)


def test_draft_calls_nobody_until_it_is_published(desk: Desk, engine: Engine) -> None:
    campaign = draft(desk, base_file(3))
    assert (campaign.state, campaign.counts.to_manage, campaign.pending) == (CampaignState.DRAFT, 3, 3)
    desk.feeder.work(NOW)
    assert open_requests(engine) == 0
    with pytest.raises(ConfigurationError, match="ya hay una campaña «Septiembre»"):
        draft(desk, base_file(1))
    assert desk.campaigns.discard(campaign.id)
    assert desk.campaigns.all() == ()
    with pytest.raises(ConfigurationError, match="no hay campaña «Septiembre»; las que hay son: ninguna"):
        desk.campaigns.named("Septiembre")


def test_records_are_given_a_few_at_a_time_and_never_twice(desk: Desk, engine: Engine) -> None:
    campaign = running(desk, people=AHEAD + 5)
    for _ in range(3):
        desk.feeder.work(NOW)
    assert open_requests(engine) == AHEAD
    (first, *_) = desk.campaigns.asked(campaign.id)
    assert len(desk.campaigns.to_ask(campaign.id, 100)) == 5
    Callbacks(engine).leave_alone(first.record.telephones[0], "ana.ruiz", "lo pidió", NOW)
    desk.feeder.work(NOW)
    assert open_requests(engine) == AHEAD
    assert desk.campaigns.results(campaign.id).dispositions == {Disposition.SURVEY_NOT_DONE: 1}


def test_paused_campaign_takes_back_what_waits_and_gives_it_again_when_it_goes_on(desk: Desk, engine: Engine) -> None:
    campaign, callbacks = running(desk, people=3), Callbacks(engine)
    desk.feeder.work(NOW)
    (dialled,) = callbacks.claim("w", "anm", LINE.queue.name, NOW, timedelta(seconds=30), 1)
    callbacks.step(dialled.id, Dialled(by="worker:w"), NOW)
    assert desk.feeder.pause(campaign, "ana.ruiz", NOW)
    assert not desk.feeder.pause(campaign, "ana.ruiz", NOW)
    assert open_requests(engine) == 1, "the call that goes on comes to its end"
    desk.feeder.work(NOW)
    assert open_requests(engine) == 1
    assert desk.campaigns.results(campaign.id).dispositions == {}, "what was taken back is not disposed"
    assert desk.campaigns.move(campaign.id, {CampaignState.PAUSED}, CampaignState.RUNNING)
    desk.feeder.work(NOW)
    assert open_requests(engine) == 3


def test_killed_between_giving_and_noting_gives_the_same_request_again(desk: Desk, engine: Engine) -> None:
    campaign = running(desk, people=1)
    desk.feeder.work(NOW)
    (record,) = desk.campaigns.asked(campaign.id)
    desk.campaigns.give(record, "")  # as if it had not been noted
    desk.feeder.work(NOW)
    assert [each.request_id for each in desk.campaigns.asked(campaign.id)] == [record.request_id]
    assert open_requests(engine) == 1


def test_what_came_of_each_call_is_the_disposition_of_its_record(desk: Desk, engine: Engine) -> None:
    campaign, callbacks = running(desk, people=6), Callbacks(engine)
    desk.feeder.work(NOW)
    claimed = callbacks.claim("w", "anm", LINE.queue.name, NOW, timedelta(hours=1), 10)
    by = "worker:w"
    by_position = {each.request_id: each.position for each in desk.campaigns.asked(campaign.id)}
    machine, broken, surveyed, talked, wrong, again = sorted(claimed, key=lambda one: by_position[one.id])
    for request in claimed:
        callbacks.step(request.id, Dialled(by=by), NOW)
    for request, result in ((machine, Result.MACHINE), (broken, Result.UNREACHABLE)):
        callbacks.step(request.id, GaveUp(by=by, reason=Reason.TOO_MANY_ATTEMPTS, result=result), NOW)
    for request in (surveyed, talked):
        for event in (Answered(by=by), Accepted(by=by), Connected(by=by, agent="Ana Ruiz"), TalkEnded(by=by)):
            callbacks.step(request.id, event, NOW)
    callbacks.step(wrong.id, GaveUp(by=by, reason=Reason.WRONG_NUMBER, result=Result.WRONG_NUMBER), NOW)
    callbacks.step(again.id, AttemptFailed(by=by, result=Result.BUSY, retry_at=NOW + timedelta(minutes=5)), NOW)
    channel = callbacks.get(surveyed.id)
    assert channel is not None
    of: Any = {"call_id": channel.attended_call, "channel_id": channel.attended_call}
    Ledger(engine).apply(
        [
            CallStarted(at=NOW, line="anm", number="+573000000002", source=Source.QUEUE_LOG, **of),
            SurveyAnswered(
                at=NOW, survey="anm_servicio", question="satisfaccion", answer=5, source=Source.QUEUE_LOG, **of
            ),
            SurveyAnswered(at=NOW, survey="otra", question="amabilidad", answer=1, source=Source.QUEUE_LOG, **of),
        ]
    )
    desk.feeder.work(NOW)
    assert Disposition.SURVEY_PARTIAL not in desk.campaigns.results(campaign.id).dispositions, "the survey goes on"
    Ledger(engine).apply([CallEnded(at=NOW, by=EndedBy.CALLER, cause=16, source=Source.QUEUE_LOG, **of)])
    desk.feeder.work(NOW)
    results = desk.campaigns.results(campaign.id)
    assert results.dispositions == {
        Disposition.SURVEY_PARTIAL: 1,
        Disposition.SURVEY_NOT_DONE: 1,
        Disposition.VOICEMAIL: 1,
        Disposition.DAMAGED: 1,
        Disposition.WRONG_NUMBER: 1,
    }
    assert results.questions == {"satisfaccion": {5: 1}}, "one of three, and none of another survey"
    typed = Outcome(disposition=Disposition.SWITCHBOARD, author="luis", note="contesta un conmutador")
    (one,) = desk.campaigns.of_request(talked.id)
    assert desk.campaigns.dispose(campaign.id, one.position, typed, NOW)
    desk.feeder.work(NOW)
    assert desk.campaigns.results(campaign.id).dispositions[Disposition.SWITCHBOARD] == 1, "what was typed stands"


def test_answers_typed_by_an_adviser_are_kept_and_not_undone_by_the_call(desk: Desk) -> None:
    campaign = running(desk, people=2)
    desk.feeder.work(NOW)
    done = Outcome(disposition=Disposition.SURVEY_DONE, author="luis", answers={"satisfaccion": 4, "confianza": 5})
    assert desk.campaigns.dispose(campaign.id, 1, done, NOW)
    record = desk.campaigns.record(campaign.id, 1)
    assert record is not None
    assert record.disposition is Disposition.SURVEY_DONE
    assert {name: (said.answer, said.author) for name, said in record.answers.items()} == {
        "satisfaccion": (4, "luis"),
        "confianza": (5, "luis"),
    }
    other = Outcome(disposition=Disposition.NO_ANSWER, author="ivr")
    assert not desk.campaigns.dispose_by_call(record, other, NOW)
    assert not desk.campaigns.dispose(campaign.id, 3, done, NOW), "a row without a telephone is not worked"
    assert not desk.campaigns.dispose(campaign.id, 99, done, NOW)


def test_whoever_answered_asked_to_be_left_alone_or_is_the_entity_is_left_out(desk: Desk, engine: Engine) -> None:
    campaign = running(desk, people=2)
    desk.campaigns.dispose(campaign.id, 1, Outcome(disposition=Disposition.SURVEY_DONE, author="luis"), NOW)
    Callbacks(engine).leave_alone("+573000000001", "ana.ruiz", "lo pidió", NOW)
    second = b"Celular\n3000000000\n3000000001\n6012201999\n3000000002\n"
    again = draft(desk, second, NewCampaign(name="Octubre", line="anm", survey=NEW.survey, file="b", author="a"))
    records = [each.record for each in desk.campaigns.records(again.id)]
    assert [record.exclusion for record in records] == [
        Exclusion.SURVEYED,
        Exclusion.LEFT_ALONE,
        Exclusion.OWN_LINE,
        None,
    ]
    assert records[3].fate is Fate.TO_MANAGE
    with pytest.raises(ConfigurationError, match="no hay línea «otra»; las que hay son: anm"):
        draft(desk, second, NewCampaign(name="x", line="otra", survey="", file="b", author="a"))


def test_results_have_the_percentages_of_the_report(desk: Desk) -> None:
    campaign = running(desk, people=4)
    for position, disposition in enumerate(
        (Disposition.SURVEY_DONE, Disposition.SURVEY_DONE, Disposition.VOICEMAIL), 1
    ):
        answers = {"satisfaccion": 5 - position} if disposition is Disposition.SURVEY_DONE else {}
        outcome = Outcome(disposition=disposition, author="luis", answers=answers)
        desk.campaigns.dispose(campaign.id, position, outcome, NOW)
    now = desk.campaigns.named("Septiembre")
    told = as_data(now, desk.campaigns.results(now.id), LINE)
    assert told["counts"] == {
        "initial": 6,
        "invalid": 1,
        "duplicates": 0,
        "no_data": 1,
        "excluded": 0,
        "to_manage": 4,
        "cleaned": 4,
    }
    assert [(each["title"], each["count"], each["of"]) for each in told["dispositions"]] == [
        ("Encuesta efectiva", 2, 4),
        ("Correo de voz", 1, 4),
        ("Por gestionar", 1, 4),
    ]
    (question,) = told["questions"]
    assert question["answered"] == 2
    assert [(each["title"], each["count"]) for each in question["shares"]] == [
        ("5", 0),
        ("4", 1),
        ("3", 1),
        ("2", 0),
        ("1", 0),
    ]


def test_base_is_forgotten_but_for_those_still_to_be_called(desk: Desk, engine: Engine) -> None:
    campaign = running(desk)
    upload = draft(desk, base_file(2), replace(NEW, name="Borrador"))
    called = desk.campaigns.to_ask(campaign.id, 1)[0]
    outcome = Outcome(disposition=Disposition.SURVEY_DONE, author="ana.ruiz", note="pidió copia a Luz Marina")
    assert desk.campaigns.dispose(campaign.id, called.position, outcome, NOW)
    before = [desk.campaigns.results(each.id) for each in (campaign, upload)]
    forgetting = Forgetting(engine, lambda file: pytest.fail(f"{file}: a base has no recordings"))
    assert forgetting.bases(NOW) == 0
    assert forgetting.bases(NOW + timedelta(days=1)) == 1 + 2 + 4, "disposed, never to be called, and the whole draft"
    assert forgetting.bases(NOW + timedelta(days=1)) == 0
    assert [desk.campaigns.results(each.id) for each in (campaign, upload)] == before
    told = [*desk.campaigns.records(campaign.id), *desk.campaigns.records(upload.id)]
    assert [stored.record.name for stored in told if stored.record.name] == ["Persona 1", "Persona 2"]
    gone = desk.campaigns.record(campaign.id, called.position)
    assert gone
    assert (gone.note, gone.record.telephones, gone.record.document, gone.record.cells) == ("", (), "", ())


def test_export_has_every_row_with_its_outcome_and_no_formula(desk: Desk) -> None:
    content = b"Nombre;Celular\n=cmd|' /C calc'!A0;3001234567\n@SUM(1);\n"
    campaign = draft(desk, content)
    outcome = Outcome(disposition=Disposition.NO_ANSWER, author="luis", note="+57 no contesta")
    desk.campaigns.dispose(campaign.id, 1, outcome, NOW)
    text = "".join(exported(campaign, desk.campaigns, desk.lines, BOGOTA, Reach()))
    (titles, first, second) = csv.reader(io.StringIO(text), delimiter=";")
    assert titles[:5] == ["Nombre", "Celular", "Registro", "Teléfono llamado", "Resultado"]
    assert first[:5] == ["'=cmd|' /C calc'!A0", "3001234567", "A gestionar", "300 123 4567", "No contesta"]
    assert first[7] == "'+57 no contesta"
    assert second[:3] == ["'@SUM(1)", "", "No registra datos: no tiene teléfono"]


def test_campaign_is_loaded_published_paused_and_told_on_the_command_line(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONTESTA_DATABASE_URL", str(sqlite_engine.url))
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    published = Published(tmp_path / "lineas", {"es": prompts.load().texts})
    published.add({"anm": (LINE.edition, ANM.read_text(encoding="utf-8"))})
    published.make_current({"anm": LINE.edition}, NOW)
    file = tmp_path / "base.csv"
    file.write_bytes(base_file(3))

    def run(*words: str) -> str:
        told = CliRunner().invoke(cli.app, ["campaign", *words])
        return str(told.exception) if isinstance(told.exception, ConfigurationError) else told.stdout

    loaded = run("load", str(file), "--line", "anm", "--name", "Septiembre", "--survey", NEW.survey, "--json")
    assert json.loads(loaded)["to_manage"] == 3
    assert "escriba --line y --name" in run("load", str(file), "--line", "anm")
    assert run("list").strip() == "Septiembre · anm · Borrador · 3 de 3 por gestionar"
    assert "debe estar en: en pausa" in run("resume", "Septiembre")
    assert run("publish", "Septiembre").strip() == "«Septiembre» está en marcha."
    assert "ya se publicó" in run("discard", "Septiembre")
    assert run("pause", "Septiembre").strip() == "«Septiembre» está en pausa."
    assert "Por gestionar" in run("results", "Septiembre")
    assert json.loads(run("results", "Septiembre", "--json"))["pending"] == 3
    assert run("export", "Septiembre").count("A gestionar") == 3


@pytest.mark.parametrize(
    ("answered", "questions", "came"),
    [
        (0, 3, Disposition.SURVEY_NOT_DONE),
        (2, 3, Disposition.SURVEY_PARTIAL),
        (3, 3, Disposition.SURVEY_DONE),
        (1, 0, Disposition.SURVEY_DONE),
    ],
)
def test_survey_that_was_cut_short_is_told_from_one_that_was_done(
    desk: Desk, engine: Engine, answered: int, questions: int, came: Disposition
) -> None:
    running(desk, people=1)
    desk.feeder.work(NOW)
    (request,) = CallbackLists(engine).page(CallbackFilter()).requests
    assert request.survey == NEW.survey, "what is asked after the conversation is the campaign's survey"
    assert follows(replace(request, state=State.ATTENDED, reason=Reason.TALKED), answered, questions) is came
    assert follows(request, answered, questions) is None
