"""A person's wrong data are put right wherever they stand, and a call that is owed rings the right telephone."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from callback_queue.campaign.columns import guess
from callback_queue.campaign.sheet import rows
from callback_queue.request import Person, Reason, State
from callback_queue.states import Cancelled, Dial, Dialled, TakenBack
from contesta.campaigns.desk import Desk
from contesta.campaigns.results import exported
from contesta.data_requests import CLAIM, dials, right_of
from contesta.web.access import Role
from core.calendar import BOGOTA
from core.errors import ConfigurationError
from core.privacy.deadlines import Ask
from core.privacy.subject import Subject, What
from storage.callbacks import Callbacks
from storage.campaigns import CampaignState, NewCampaign
from storage.corrections import Corrected, Corrections, Right
from storage.data_requests import DataRequests
from storage.holds import Holds, held
from storage.ledger import Ledger
from tests.callbacks import ANY_HOUR, NOW, PHONE, wish
from tests.test_campaigns import LINE
from tests.test_desk_pages import ANA, NUMBER, call, prepared
from tests.web import Office, run_office

DOCUMENT = Subject(what=What.DOCUMENT, value="1023456789")
WRONG, RIGHT = PHONE, "+573101112233"
ROSA = Person(name="Roza Jil", document_type="CC", document="1.023.456.789")
AT = datetime(2026, 11, 25, 15, tzinfo=UTC)


def noted(engine: Engine, subject: Subject = DOCUMENT) -> int:
    return DataRequests(engine).add(Ask.CORRECTION, subject, "", date(2026, 11, 20), "marta", AT).id


def correct(engine: Engine, right: Right, subject: Subject = DOCUMENT, number: int = 0) -> Corrected:
    store = Corrections(engine, dials([LINE]))
    return store.correct(number or noted(engine, subject), subject, right, "marta", AT)


def test_what_is_owed_rings_the_right_telephone_and_the_past_is_right_too(engine: Engine) -> None:
    store = Callbacks(engine)
    past = store.ask(wish(person=ROSA, origin="web:1"), ANY_HOUR, NOW).request
    store.step(past.id, Cancelled(by="ana", reason=Reason.BY_STAFF), NOW)
    owed = store.ask(wish(person=ROSA, origin="web:2"), ANY_HOUR, NOW).request
    of_another = store.ask(wish(telephone="+573009999999", origin="web:3"), ANY_HOUR, NOW).request
    number = noted(engine)
    done = correct(engine, right_of(" Rosa Gil ", "1.023.456.780", "310 111 22 33"), number=number)
    assert (done.requests, done.busy) == (2, 0)
    for request_id, state in ((past.id, State.CANCELLED), (owed.id, State.WAITING)):
        found = store.get(request_id)
        assert found is not None
        assert (found.telephone, found.person.name, found.person.document) == (RIGHT, "Rosa Gil", "1023456780")
        steps = [(step.event, step.author) for step in found.steps[-2:]]
        assert steps == [("Amended", "marta"), ("Renumbered", "marta")]
        assert (found.state, found.steps[-1].at) == (state, AT)
        assert "Jil" not in str(found)
    other = store.get(of_another.id)
    assert other is not None
    assert other.telephone == "+573009999999"
    register = DataRequests(engine).find(number)
    assert register is not None
    assert register.subject.value == "1023456780", "the register names him rightly too"
    (claimed,) = [one for one in store.claim("w", "anm", "atencion", AT, timedelta(minutes=1), 5) if one.id == owed.id]
    _, commands = store.step(claimed.id, Dialled(by="worker:w"), AT, worker="w")
    assert commands == (Dial(channel_id=f"cb-{owed.id}-1", telephone=RIGHT),)
    again = correct(engine, Right(telephone=WRONG), Subject(what=What.DOCUMENT, value="1023456780"))
    assert (again.requests, again.busy) == (1, 1), "whoever is being called is not moved away"


def test_there_is_one_open_request_for_the_right_telephone_too(engine: Engine) -> None:
    store = Callbacks(engine)
    wrong = store.ask(wish(person=ROSA, origin="web:1", description="mi título"), ANY_HOUR, NOW).request
    right = store.ask(wish(telephone=RIGHT, origin="web:2"), ANY_HOUR, NOW + timedelta(hours=1)).request
    done = correct(engine, Right(telephone=RIGHT))
    assert done.joined == 1
    open_one = store.open_of(RIGHT, "anm")
    assert open_one is not None
    assert (open_one.id, open_one.person.name, open_one.place.since) == (right.id, "Roza Jil", wrong.place.since)
    followed = store.filed(wrong.filing.number, wrong.filing.code)
    assert followed is not None
    assert followed.id == right.id, "the number that the citizen was told leads on"
    told = [followed.wish_of(filing.number).said.description for filing in followed.filings]
    assert told == ["", "mi título"], "each is shown his own words"
    gone = store.get(wrong.id)
    assert gone is not None
    assert (gone.state, gone.telephone, store.open_of(WRONG, "anm")) == (State.CANCELLED, RIGHT, None)


def test_what_was_told_under_each_filing_number_is_corrected_of_its_own_person(engine: Engine) -> None:
    store = Callbacks(engine)
    eva = Person(name="Eva", document_type="CC", document="52.000.111")
    first = store.ask(wish(person=eva, origin="web:1", description="mi paz y salvo"), ANY_HOUR, NOW).request
    second = store.new_filing(NOW)
    store.ask(wish(person=ROSA, origin="web:2", filing=second), ANY_HOUR, NOW)

    def names() -> list[str]:
        found = store.get(first.id)
        assert found is not None
        return [found.person.name, *(found.wish_of(filing.number).said.person.name for filing in found.filings)]

    correct(engine, Right(name="Rosa Gil"))
    assert names() == ["Rosa Gil", "Eva", "Rosa Gil"]
    correct(engine, Right(name="Eva Díaz"), Subject(what=What.TELEPHONE, value=PHONE))
    assert names() == ["Eva Díaz"] * 3, "whose telephone it is said so"
    correct(engine, Right(telephone=RIGHT))
    store.step(first.id, TakenBack(by="citizen", number=first.filing.number), AT)
    found = store.open_of(RIGHT, "anm")
    assert found is not None
    assert (found.filing, found.description) == (second, "")


def test_who_is_to_be_left_alone_is_at_the_right_telephone_too(engine: Engine) -> None:
    store, told = Callbacks(engine), {WRONG, RIGHT}
    store.leave_alone(WRONG, "ana", "Lo pidió", NOW)
    correct(engine, Right(name="Rosa Gil"), Subject(what=What.TELEPHONE, value=WRONG))
    assert set(store.left_alone_since(told)) == {WRONG}, "no telephone was corrected"
    store.ask(wish(person=ROSA, origin="web:1"), ANY_HOUR, AT)
    correct(engine, Right(telephone=RIGHT))
    assert store.left_alone_since(told) == dict.fromkeys(told, NOW), (
        "what he asked for himself since then is still done"
    )
    correct(engine, Right(telephone=RIGHT), Subject(what=What.TELEPHONE, value=WRONG))
    assert store.left_alone_since(told) == dict.fromkeys(told, NOW)


def test_what_is_held_or_cannot_be_dialled_is_not_corrected(engine: Engine) -> None:
    store = Callbacks(engine)
    owed = store.ask(wish(person=ROSA, origin="web:1"), ANY_HOUR, NOW).request
    with pytest.raises(ConfigurationError, match="no puede marcar ese teléfono"):
        correct(engine, Right(name="Rosa Gil", telephone="+5718000123456"))
    with pytest.raises(ConfigurationError, match="qué dato corregir"):
        correct(engine, Right())
    Holds(engine).set(Subject(what=What.REQUEST, value=owed.id), "Tutela 1", "marta", AT)
    done = correct(engine, Right(name="Rosa Gil"))
    found = store.get(owed.id)
    assert found is not None
    assert (done.held, done.requests, found.person.name) == (1, 0, "Roza Jil")


def test_the_base_of_a_campaign_shows_the_wrong_data_no_more(engine: Engine) -> None:
    desk = Desk(engine, {"anm": LINE})
    told = tuple(rows(b"Nombre;Celular;Cedula\nRoza Jil;300 123 4567;1.023.456.789\nEva;3109876543;2\n"))
    new = NewCampaign(name="Septiembre", line="anm", survey="", file="b.csv", author="luis")
    campaign = desk.campaigns.add(new, desk.prepare(told, guess(told).checked(), new), NOW)
    desk.campaigns.move(campaign.id, {CampaignState.DRAFT}, CampaignState.RUNNING)
    noted(engine, Subject(what=What.TELEPHONE, value=PHONE))
    claimed = DataRequests(engine).claimed()
    lines = "".join(exported(campaign, desk.campaigns, desk.lines, BOGOTA, claimed)).splitlines()
    assert [CLAIM in line for line in lines] == [False, True, False]
    correct(engine, Right(name="Rosa Gil", telephone=RIGHT), Subject(what=What.TELEPHONE, value=PHONE))
    lines = "".join(exported(campaign, desk.campaigns, desk.lines, BOGOTA, claimed)).splitlines()
    _, row, _ = csv.reader(io.StringIO("\n".join(lines)), delimiter=";")
    assert row[:5] == ["Rosa Gil", "3101112233", "1.023.456.789", "A gestionar", "310 111 2233"]
    assert "Jil" not in str(desk.campaigns.records(campaign.id))


def test_a_document_finds_its_promised_calls_by_an_index(sqlite_engine: Engine) -> None:
    store = Callbacks(sqlite_engine)
    owed = store.ask(wish(person=ROSA, origin="web:1"), ANY_HOUR, NOW).request
    store.ask(wish(telephone=RIGHT, origin="web:2", description="1023456789"), ANY_HOUR, NOW)
    Holds(sqlite_engine).set(DOCUMENT, "Tutela 1", "marta", AT)
    with sqlite_engine.begin() as connection:
        assert held(connection).requests == {owed.id}, "and no other that only has its digits"
        query = "EXPLAIN QUERY PLAN SELECT id, telephone FROM callback WHERE document IN ('1023456789')"
        assert "ix_callback_document" in str(connection.execute(text(query)).all())


def test_administrator_corrects_and_the_desk_says_that_there_is_a_claim(sqlite_engine: Engine) -> None:
    async def scenario(office: Office) -> None:
        line = await prepared(office, sqlite_engine)
        owed = (
            Callbacks(sqlite_engine)
            .ask(wish(person=ROSA, origin="web:1", telephone=NUMBER, place=wish().place), ANY_HOUR, office.clock())
            .request
        )
        Ledger(sqlite_engine).apply(call("1764000000.9", office.clock() - timedelta(minutes=9), line.queue.name))
        administrator = await office.signed_in(Role.ADMINISTRATOR)
        ana = await office.signed_in(Role.ADVISER, ANA)
        contact = "/api/v1/desk/contacts/cb-x-1"
        assert (await (await ana.get(contact)).json())["claimed"] is False
        page = "/administracion/solicitudes"
        typed = {"ask": "correction", "what": "telephone", "value": NUMBER, "received": "2026-11-20", "detail": ""}
        made = await administrator.post(page, data=typed)
        assert "Teléfono correcto" in await made.text()
        assert (await (await ana.get(contact)).json())["claimed"] is True
        (shown,) = (await (await ana.get("/api/v1/desk/agenda")).json())["callbacks"]
        assert shown["claimed"] is True
        nothing = await administrator.post(f"{page}/1/corregir", data={"name": " "})
        assert (nothing.status, "Escriba qué dato corregir" in await nothing.text()) == (400, True)
        wrong = await administrator.post(f"{page}/1/corregir", data={"telephone": "12"})
        assert (wrong.status, "no es un teléfono" in await wrong.text()) == (400, True)
        done = await administrator.post(f"{page}/1/corregir", data={"name": "Rosa <b>Gil</b>", "telephone": RIGHT})
        said = await done.text()
        assert "Se corrigió: 1 devolución." in said
        assert "310 *** **33" in said, "the register names her rightly"
        found = Callbacks(sqlite_engine).get(owed.id)
        assert found is not None
        assert (found.telephone, found.person.name) == (RIGHT, "Rosa <b>Gil</b>")
        supervisor = await office.signed_in(Role.SUPERVISOR)
        told = await (await supervisor.get(f"/devoluciones/{owed.id}")).text()
        assert "Reclamo en trámite" in told
        assert "Se corrigió el teléfono" in told
        assert "Roza" not in told

    run_office(sqlite_engine, scenario)
