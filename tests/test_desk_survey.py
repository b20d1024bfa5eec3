"""A campaign's survey that the adviser asks: typed at the desk, kept, told to the log, counted, and asked once only."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import Engine

from callback_queue.campaign.columns import guess
from callback_queue.campaign.dispositions import Disposition
from callback_queue.campaign.sheet import rows
from callback_queue.request import ConsentAnswer
from contesta.campaigns.desk import Desk
from contesta.campaigns.results import exported
from contesta.desk.contact import Current, Phase
from contesta.survey_results import By, results_of
from contesta.told_calls import Span, of_ledger
from contesta.web.access import Role
from contesta.web.desk_owner import BOOK, KEEPER, TYPED
from core.events import Event
from ivr.answered import NAME, AnsweredFile
from ivr.line.model import Line, Question, Scale
from quality.metrics.history import build
from quality.metrics.survey import placed
from storage.callbacks import Callbacks
from storage.campaigns import Asker, CampaignState, NewCampaign
from storage.forgetting import Forgetting
from storage.holds import Reach
from storage.ledger import Ledger
from telephony.queue_log.encode import encode_typed
from telephony.queue_log.lines import DamagedLine
from telephony.queue_log.reader import Seconds
from tests.callbacks import talked
from tests.test_desk_pages import ANA, HOSTILE, LUIS, NUMBER, RUCOM, ZONE, call, prepared
from tests.test_web_campaigns import PICTURES
from tests.test_web_pages import judged
from tests.web import Office, complaints_of, run_office

SURVEY = "anm_servicio"
COMMENT = Question(name="mejora", title="Qué mejorar", prompt="encuesta_confianza", scale=Scale.COMMENT)
COMMENT_SAID = "Más asesores"


@dataclass
class Called:
    """A campaign's record that was called, and the conversation: `channel`."""

    line: Line
    desk: Desk
    campaign: int
    channel: str

    @property
    def address(self) -> str:
        return f"/api/v1/desk/contacts/{self.channel}"

    def record(self) -> Any:  # noqa: ANN401  its answers are read as they come
        return self.desk.campaigns.record(self.campaign, 1)


async def called(
    office: Office, engine: Engine, asker: Asker = Asker.ADVISER, consent: ConsentAnswer = ConsentAnswer.ACCEPTED
) -> Called:
    """Let a campaign call somebody, who talks with Ana; the survey has a comment too."""
    line = await prepared(office, engine)
    survey = line.surveys[SURVEY]
    more = replace(survey, questions=(*survey.questions, COMMENT))
    line = replace(line, surveys=MappingProxyType({**line.surveys, SURVEY: more}))
    office.app[KEEPER].lines = {line.name: line}
    desk, store, now = Desk(engine, {line.name: line}), Callbacks(engine), office.clock()
    told = tuple(rows(f"Nombre;Celular;Cédula\nRosa Gil;{NUMBER[3:]};52123456\n".encode()))
    new = NewCampaign(name="Septiembre", line="anm", survey=SURVEY, file="b.csv", author="luis", asker=asker)
    campaign = desk.campaigns.add(new, desk.prepare(told, guess(told).checked(), new), now)
    desk.campaigns.move(campaign.id, {CampaignState.DRAFT}, CampaignState.RUNNING)
    desk.feeder.work(now)
    request = store.open_of(NUMBER, "anm")
    assert request is not None
    assert request.survey == (SURVEY if asker is Asker.LINE else ""), "the line asks nothing that the adviser asks"
    talked(store, request.id, ANA, now)
    channel = f"cb-{request.id}-1"
    Ledger(engine).apply(call(channel, now - timedelta(minutes=2), line.queue.name, consent=consent))
    keeper = office.app[KEEPER]
    async with asyncio.timeout(60):
        while ANA not in keeper.current:  # noqa: ASYNC110  it looks by itself what was before her
            await asyncio.sleep(0.05)
    keeper.current[ANA] = Current(
        channel_id=channel,
        call_id=channel,
        queue=line.queue.name,
        line="anm",
        number=NUMBER,
        phase=Phase.LATE,
        since=now,
    )
    return Called(line=line, desk=desk, campaign=campaign.id, channel=channel)


def said(**answers: int | str) -> list[dict[str, Any]]:
    return [{"survey": SURVEY, "question": question, "answer": answer} for question, answer in answers.items()]


def test_what_is_typed_is_kept_counted_and_corrected_and_is_nobody_elses(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        of = await called(office, sqlite_engine)
        ana, luis = await office.signed_in(Role.ADVISER, ANA), await office.signed_in(Role.ADVISER, LUIS)
        (survey,) = (await (await ana.get(of.address)).json())["surveys"]
        assert (survey["title"], survey["campaigns"], survey["refused"]) == ("Encuesta de servicio", ["Septiembre"], "")
        assert [len(each["choices"]) for each in survey["questions"]] == [5, 5, 5, 0]

        draft = {"disposition": "", "note": "", "solution": ""}
        for wrong, mend in (
            (said(satisfaccion=7), "escriba un número de 1 a 5"),
            (said(satisfaccion="5"), "escriba un número de 1 a 5"),
            (said(mejora=3), "se responde con un texto"),
            (said(otra=3), f"las que hay son: {SURVEY}/satisfaccion"),
        ):
            refused = await ana.put(f"{of.address}/draft", json=draft | {"answers": wrong})
            assert (refused.status, mend in await refused.text()) == (400, True), await refused.text()
        of_no_campaign = await ana.put("/api/v1/desk/contacts/cb-x-1/answers", json={"answers": said(satisfaccion=4)})
        assert (of_no_campaign.status, "no es de una campaña" in await of_no_campaign.text()) == (400, True)
        assert (await luis.put(f"{of.address}/answers", json={"answers": said(satisfaccion=1)})).status == 404

        answered = AnsweredFile(office.settings.data_dir / NAME)
        assert not answered.has(of.channel)
        first = said(satisfaccion=4, mejora=HOSTILE)
        assert (await ana.put(f"{of.address}/draft", json=draft | {"answers": first})).status == 200
        assert answered.has(of.channel), "the line does not ask once more"
        assert (await (await ana.get(of.address)).json())["draft"]["answers"] == first
        of.desk.feeder.work(office.clock())
        assert of.record().disposition is Disposition.SURVEY_NOT_DONE, "what is not saved does not count"

        saved = await ana.post(f"{of.address}/disposition", json=draft | {"disposition": RUCOM, "answers": first})
        assert saved.status == 200, await saved.text()
        of.desk.feeder.work(office.clock())
        assert of.record().disposition is Disposition.SURVEY_PARTIAL
        assert (of.record().answers["mejora"].text, of.record().answers["mejora"].author) == (HOSTILE, ANA)
        whole = said(satisfaccion=5, percepcion=4, confianza=2)
        supervisor = await office.signed_in(Role.SUPERVISOR)
        corrected = {"disposition": RUCOM, "agent": ANA, "answers": whole}
        assert (await supervisor.post(f"{of.address}/disposition", json=corrected)).status == 200
        assert (await ana.post(f"{of.address}/disposition", json=draft | {"disposition": RUCOM})).status == 200
        of.desk.feeder.work(office.clock())
        assert of.record().disposition is Disposition.SURVEY_DONE
        assert {name: one.answer for name, one in of.record().answers.items()} == {
            "satisfaccion": 5,
            "percepcion": 4,
            "confianza": 2,
        }, "the comment was taken back; who says nothing of surveys changes nothing"
        assert answered.has(of.channel)
        await counts(office, of, sqlite_engine)

    run_office(sqlite_engine, scenario)


async def counts(office: Office, of: Called, engine: Engine) -> None:
    """What was typed is in the log without its text, and in every result, marked."""
    told, seconds, events = office.app[TYPED].untold(), Seconds(), list[Event]()
    for _, typed in told:
        entry = encode_typed(typed.fact, typed.queue)
        assert HOSTILE[:8] not in entry.data, "queue_log has no text"
        written = (
            f"{int(typed.at.timestamp()) + 90}|{of.channel}|{entry.queue}|{typed.agent}|{entry.event}|{entry.data}"
        )
        decoded = seconds.events(written.encode())
        assert not isinstance(decoded, DamagedLine)
        events += decoded
    office.app[TYPED].told([number for number, _ in told], office.clock())
    assert office.app[TYPED].untold() == ()
    Ledger(engine).apply(events)
    results = results_of(of_ledger(Ledger(engine), Span(zone=ZONE)), [of.line], Span(zone=ZONE), By.AGENT)
    by_name = {one.question: one for one in results.lines[0].questions}
    assert [(by_name[name].answered, by_name[name].typed) for name in ("satisfaccion", "mejora")] == [(1, 1), (0, 0)]
    assert by_name["satisfaccion"].mean == 5
    supervisor = await office.signed_in(Role.SUPERVISOR)
    assert "1 escrita por asesores" in await (await supervisor.get("/encuestas")).text()
    page = await (await supervisor.get(f"/llamadas/{of.channel}")).text()
    assert "Escribió que el ciudadano respondió 5 a la pregunta" in page
    assert "Respondieron 1; 1 escrita por asesores." in await (await supervisor.get(f"/campanas/{of.campaign}")).text()
    api = await (await supervisor.get(f"/api/v1/campaigns/{of.campaign}")).json()
    assert (api["campaign"]["asker"], [each["typed"] for each in api["questions"]]) == ("adviser", [1, 1, 1])
    campaign = of.desk.campaigns.get(of.campaign)
    assert campaign is not None
    *_, row = exported(campaign, of.desk.campaigns, of.desk.lines, ZONE, Reach())
    assert ";5;4;2;" in row, "which are marked with who typed them"


def test_nothing_is_kept_without_an_authorisation_nor_asked_for_what_the_citizen_keyed(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        of = await called(office, sqlite_engine, Asker.LINE, ConsentAnswer.DECLINED)
        ana = await office.signed_in(Role.ADVISER, ANA)
        (survey,) = (await (await ana.get(of.address)).json())["surveys"]
        assert "no autorizó" in survey["refused"]
        refused = await ana.put(f"{of.address}/answers", json={"answers": said(satisfaccion=4)})
        assert (refused.status, "no autorizó" in await refused.text()) == (409, True)
        assert of.record().answers == {}
        of.desk.feeder.work(office.clock())
        assert of.record().disposition is Disposition.SURVEY_NOT_DONE
        wrong = {"disposition": "sin_gestion/equivocada"}
        assert (await ana.post(f"{of.address}/disposition", json=wrong)).status == 200
        assert (of.record().disposition, of.record().disposed_by) == (Disposition.WRONG_NUMBER, ANA)

    run_office(sqlite_engine, scenario)


def test_what_the_citizen_keyed_himself_stands_before_what_was_typed(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        of = await called(office, sqlite_engine, Asker.LINE)
        now = int(office.clock().timestamp())
        seconds, keyed = Seconds(), list[Event]()
        for answer, question in (("2", "satisfaccion"), ("", "percepcion")):
            decoded = seconds.events(
                f"{now - 20}|{of.channel}|NONE|NONE|ENCUESTA|{question}|{answer}|{SURVEY}|".encode()
            )
            assert not isinstance(decoded, DamagedLine)
            keyed += decoded
        Ledger(sqlite_engine).apply(keyed)
        of.desk.feeder.work(office.clock())
        ana = await office.signed_in(Role.ADVISER, ANA)
        (survey,) = (await (await ana.get(of.address)).json())["surveys"]
        assert [(each["answer"], each["keyed"]) for each in survey["questions"][:2]] == [(2, True), (None, False)]
        assert "La línea la pregunta por teclas" in survey["how"]
        typed = said(satisfaccion=5, percepcion=4)
        assert (await ana.put(f"{of.address}/answers", json={"answers": typed})).status == 200
        of.desk.feeder.work(office.clock())
        assert {name: one.answer for name, one in of.record().answers.items()} == {"satisfaccion": 2, "percepcion": 4}
        assert of.record().disposition is Disposition.SURVEY_PARTIAL
        history = Ledger(sqlite_engine).call(of.channel)
        assert history is not None
        told = [typed.fact for _, typed in office.app[TYPED].untold()]
        counted = [each.said for each in placed(build([*told, *history.events])) if each.counts]
        assert [(each.question, each.answer, each.by) for each in counted] == [
            ("satisfaccion", 2, ""),
            ("percepcion", 4, ANA),
        ]

    run_office(sqlite_engine, scenario)


def test_comments_that_were_typed_are_forgotten_with_the_base(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        of = await called(office, sqlite_engine)
        ana = await office.signed_in(Role.ADVISER, ANA)
        typed = said(satisfaccion=5, percepcion=4, confianza=4, mejora="Me llamo Rosa")
        assert (await ana.put(f"{of.address}/answers", json={"answers": typed})).status == 200
        of.desk.feeder.work(office.clock())
        assert of.record().disposition is Disposition.SURVEY_DONE, "a comment is no question with a scale"
        Forgetting(sqlite_engine, lambda _: None).bases(datetime.now(UTC) + timedelta(days=1))
        assert (of.record().record.name, of.record().answers["mejora"].text) == ("", "")
        assert of.record().answers["satisfaccion"].answer == 5

    run_office(sqlite_engine, scenario)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_a_survey_is_typed_by_keyboard_and_survives_a_reload(sqlite_engine: Engine, scheme: str, width: int) -> None:
    async def scenario(office: Office) -> None:
        of = await called(office, sqlite_engine, Asker.LINE)
        viewport = {"width": width, "height": 900}
        async with office.page(Role.ADVISER, ANA, color_scheme=scheme, viewport=viewport) as page:
            complaints = complaints_of(page)
            await page.goto("/puesto")
            question = page.get_by_role("group", name="Satisfacción")
            await question.get_by_role("radio", name="Sin respuesta").focus(timeout=60_000)
            for key in "453":
                await page.keyboard.press(key)
            await page.keyboard.type(COMMENT_SAID)
            async with asyncio.timeout(60):
                while COMMENT_SAID not in [one.answer for one in office.app[BOOK].draft(of.channel, ANA).answers]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await expect(page.get_by_text("Borrador guardado")).to_be_visible(timeout=60_000)
            await judged(page)
            if PICTURES:
                await page.screenshot(path=f"{PICTURES}/survey-{scheme}-{width}.png", full_page=True)
            await page.reload()
            await expect(question.get_by_role("radio", name="4", exact=True)).to_be_checked(timeout=60_000)
            await expect(page.get_by_label("Qué mejorar")).to_have_value(COMMENT_SAID)
            await page.get_by_role("radio", name="RUCOM").check()
            await page.keyboard.press("Control+Enter")
            await expect(page.get_by_text("Tipificada: RUCOM.").first).to_be_visible(timeout=60_000)
            answers = {name: one.text or one.answer for name, one in of.record().answers.items()}
            assert answers == {"satisfaccion": 4, "percepcion": 5, "confianza": 3, "mejora": COMMENT_SAID}
            assert complaints == []

    run_office(sqlite_engine, scenario)
