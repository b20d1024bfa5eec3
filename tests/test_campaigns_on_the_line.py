"""A campaign on a real telephone system: its records are called, advisers attend, its survey is answered by key."""

import asyncio
import json
import random
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contesta.lines import SHIPPED
from contesta.plans import Plan
from contesta.scripted import Stage, Voices
from contesta.web.sessions import COOKIE
from core.events import ConsentAnswer, ConsentAnswered, SurveyAnswered
from ivr.answered import NAME, AnsweredFile
from quality.metrics.history import CallHistory
from storage.call_filter import CallFilter
from storage.campaigns import Campaigns
from storage.database import connect
from telephony.phone import Account, Call, Law, Phone
from telephony.phone.audio import tone
from tests.attention import Attention
from tests.people import ADVISER_HERTZ, advisers_at_work, random_mobile
from tests.running import RunningLine, eventually, start_line
from tests.test_desk_on_the_line import session_of

MORE = """
consent:
  version: "2026-11"
callbacks:
  ring_seconds: 10
  confirm_seconds: 5
  attempts: 1
  legal_hours:
    hours: {monday-sunday: 00:00-24:00}
    public_holidays: open
"""
SURVEY = """surveys:
  servicio:
    title: Encuesta de servicio
    intro: servicio_intro
    questions:
      amabilidad: {title: Amabilidad, prompt: servicio_amabilidad, scale: 1-4}
      rapidez: {title: Rapidez, prompt: servicio_rapidez, scale: 1-4}
      resolvio: {title: Resolvió, prompt: servicio_resolvio, scale: yes-no}
"""
TEXTS = """texts:
  es:
    devolucion_campana: Para hablar con un asesor … marque 1.
    devolucion_espere: Espere.
    consentimiento: Grabaremos la llamada.
    servicio_intro: Son tres preguntas.
    servicio_amabilidad: ¿Fue amable quien le atendió? Malo … 1. Excelente … 4.
    servicio_rapidez: ¿Fue rápida la atención? Mala … 1. Excelente … 4.
    servicio_resolvio: ¿La entidad ayudó a resolver? Si ayudó … marque 1. Si no … 2.
"""
ACCEPTS = ("devolucion_campana", "1"), ("consentimiento_pregunta", "1")
KEYS = {
    "answers": (*ACCEPTS, ("servicio_amabilidad", "4"), ("servicio_rapidez", "3"), ("servicio_resolvio", "1")),
    "leaves": (*ACCEPTS, ("servicio_amabilidad", "2"), ("servicio_rapidez", "")),
    "authorises nothing": (ACCEPTS[0], ("consentimiento_pregunta", "2"), ("despedida", "")),
    "tells the adviser": (*ACCEPTS, ("despedida", "")),
}
CAME_TO = {
    "machine": "voicemail",
    "silent": "no_answer",
    "answers": "survey_done",
    "leaves": "survey_partial",
    "authorises nothing": "survey_not_done",
    "busy": "busy",
    "tells the adviser": "survey_done",
}
"""What each comes to; those that take longest are called first, as there are three advisers."""
TALK_SECONDS = 8  # of which the adviser first hears who is called, some 4 s
PATIENCE_SECONDS = 150


class Citizens:
    """Many telephones behind one address: what each does when it rings, by number; and how often each rang."""

    def __init__(self, chance: random.Random) -> None:
        self.does = {random_mobile(chance): does for does in CAME_TO}
        self.rings: Counter[str] = Counter()
        self.prompts = Path()

    async def take(self, call: Call) -> None:
        self.rings[call.called] += 1
        does = self.does[call.called]
        if does == "busy":
            call.refuse(486, "Busy Here")
            return
        call.ring()
        if does != "silent":
            call.answer()
            attention = Attention(call, self.prompts)
            for prompt, key in KEYS.get(does, ()):
                await attention.hears(prompt)
                await call.digits(key)
            if does == "leaves":
                call.hang_up()
        await call.wait_ended(PATIENCE_SECONDS)


def contesta(line: RunningLine, *arguments: str) -> Any:  # noqa: ANN401  JSON, or a text
    done = subprocess.run(
        [sys.executable, "-m", "contesta", "campaign", *arguments],
        env=line.settings.as_child_environment(),
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def works(line: RunningLine, base: Path) -> dict[str, Any]:
    """Load a base, publish it, and give its results once every record came to something."""
    loaded = ("load", str(base), "--line", "ciudadanos", "--name", "Septiembre", "--survey", "servicio", "--json")
    assert contesta(line, *loaded) == {
        "initial": len(CAME_TO) + 2,
        "invalid": 1,
        "duplicates": 1,
        "no_data": 0,
        "excluded": 0,
        "to_manage": len(CAME_TO),
    }
    contesta(line, "publish", "Septiembre")
    store = Campaigns(connect(line.settings.ledger_url))
    eventually(lambda: not store.named("Septiembre").pending, PATIENCE_SECONDS, "every record is worked")
    told: dict[str, Any] = contesta(line, "results", "Septiembre", "--json")
    return told


TOLD = {"amabilidad": 3, "rapidez": 4, "resolvio": 2}


def typing(line: RunningLine, citizens: Citizens) -> Callable[[Call], Awaitable[None]]:
    """Make what an adviser does with a call: he talks, and types what he is told, before he hangs up."""
    desks = [session_of(line, adviser.name) for adviser in line.accounts.scripted[:3]]

    async def attend(call: Call) -> None:
        call.answer()
        call.play(tone(ADVISER_HERTZ, 1.0), repeat=True)
        with suppress(TimeoutError):
            await call.wait_ended(TALK_SECONDS)
        number = call.number.removeprefix("+57")
        if citizens.does.get(number) == "tells the adviser":
            await asyncio.to_thread(type_answers, line, number, desks)
        call.hang_up()

    return attend


def type_answers(line: RunningLine, number: str, desks: Sequence[str]) -> None:
    """Write at the desk of the adviser whose conversation it is: a draft, and then how it came out."""
    store = Campaigns(connect(line.settings.ledger_url))
    records = store.records(store.named("Septiembre").id)
    (request_id,) = {each.request_id for each in records if each.record.telephones == (f"+57{number}",)}
    address = f"{line.settings.web_address.rstrip('/')}/api/v1/desk/contacts/cb-{request_id}-1"
    mine = eventually(lambda: next(filter(lambda desk: sent(desk, address), desks), ""), PATIENCE_SECONDS, "his desk")
    told: Any = sent(mine, address)
    answers = [{"survey": "servicio", "question": name, "answer": answer} for name, answer in TOLD.items()]
    assert sent(mine, f"{address}/draft", "PUT", {"answers": answers})
    assert AnsweredFile(line.settings.data_dir / NAME).has(f"cb-{request_id}-1")
    done = {"disposition": told["choices"][0]["path"], "answers": answers}
    assert sent(mine, f"{address}/disposition", "POST", done)


def sent(desk: str, address: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  JSON
    """Ask the API as an adviser; None if it says that there is nothing, or nothing of his."""
    data = None if body is None else json.dumps(body).encode()
    parts = urlsplit(address)
    headers = {
        "Cookie": f"{COOKIE}={desk}",
        "Origin": f"{parts.scheme}://{parts.netloc}",
        "Content-Type": "application/json",
    }
    asked = urllib.request.Request(address, data=data, headers=headers, method=method)  # noqa: S310  http to 127.0.0.1
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  likewise
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        if refused.code != HTTPStatus.NOT_FOUND:
            raise
        return None


async def scripted_caller(line: RunningLine) -> CallHistory:
    """Let a caller of the demo, who authorises nothing, come to the queue and hang up; give what the ledger has."""
    stage = Stage(line.settings, Voices(adviser=b"", caller=b""))
    plan = Plan(number="3105551234", authorises=False, patience_seconds=1)
    async with stage.public() as phone:
        await stage.call(phone, plan)

    def ended() -> Sequence[CallHistory]:
        calls = line.ledger().calls(CallFilter(number=f"+57{plan.number}")).calls
        whole = line.ledger().call(calls[0].call_id) if calls and calls[0].ended_at else None
        return [whole] if whole else []

    (call,) = await asyncio.to_thread(eventually, ended, PATIENCE_SECONDS, "the end of the caller")
    return call


async def scene(tmp_path: Path) -> None:
    lines, base, citizens = tmp_path / "lineas", tmp_path / "base.csv", Citizens(random.Random())
    lines.mkdir()
    text = SHIPPED.read_text(encoding="utf-8").replace("recording: always", "recording: consented")
    text = text.replace("surveys:\n", SURVEY).replace("texts:\n  es:\n", TEXTS) + MORE
    (lines / "linea.yaml").write_text(text, encoding="utf-8")
    rows = [f"{does};{number}" for number, does in citizens.does.items()]
    repeated = f"Otra vez;+57 {next(iter(citizens.does))}"
    base.write_text("\n".join(["Nombre;CELULAR", *rows, repeated, "Corto;12345", ""]), encoding="utf-8")
    nobody = Account(user="red", secret="", name="")
    async with Phone(nobody, ("127.0.0.1", 9), on_call=citizens.take, law=Law.A) as network:
        started = start_line(tmp_path, lines_dir=str(lines), outbound_trunk=f"127.0.0.1:{network.address[1]}")
        line = await asyncio.to_thread(started.__enter__)
        try:
            citizens.prompts = line.prompts
            # as after a first call on this trunk, which speaks A-law and nothing else; the advisers speak mu-law
            await asyncio.to_thread(line.asterisk.console, "dialplan set global CONTESTA_CODEC alaw")
            attending = advisers_at_work(line, TALK_SECONDS, on_call=typing(line, citizens))
            async with attending, asyncio.TaskGroup() as tasks:
                working = tasks.create_task(asyncio.to_thread(works, line, base))
                calling = tasks.create_task(scripted_caller(line))
            found(line, citizens, working.result())
            assert consents(calling.result()) == [ConsentAnswer.DECLINED]
            assert calling.result().visits, "who does not authorise is attended"
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)


def found(line: RunningLine, citizens: Citizens, told: dict[str, Any]) -> None:
    assert citizens.rings == dict.fromkeys(citizens.does, 1), "each record is called once"
    came_to = {each["name"]: each["count"] for each in told["dispositions"]}
    assert came_to == Counter(CAME_TO.values())
    assert {
        question["name"]: {share["name"]: share["count"] for share in question["shares"] if share["count"]}
        for question in told["questions"]
    } == {"amabilidad": {"4": 1, "2": 1, "3": 1}, "rapidez": {"3": 1, "4": 1}, "resolvio": {"1": 1, "2": 1}}
    assert [question["typed"] for question in told["questions"]] == [1, 1, 1]
    calls = {
        citizens.does[call.number.removeprefix("+57")]: call
        for stored in line.ledger().calls(CallFilter(), size=50).calls
        if stored.number.removeprefix("+57") in citizens.does and (call := line.ledger().call(stored.call_id))
    }
    assert {does: consents(call) for does, call in calls.items() if call.visits} == {
        "answers": [ConsentAnswer.ACCEPTED],
        "leaves": [ConsentAnswer.ACCEPTED],
        "authorises nothing": [ConsentAnswer.DECLINED],
        "tells the adviser": [ConsentAnswer.ACCEPTED],
    }
    assert {does for does, call in calls.items() if call.recordings} == {"answers", "leaves", "tells the adviser"}
    given = eventually(lambda: typed_in(line, calls["tells the adviser"]), PATIENCE_SECONDS, "it is told to the log")
    assert given == TOLD, "by the adviser, and by no key: nobody is asked twice"
    asked = [event for call in calls.values() for event in call.events if isinstance(event, SurveyAnswered)]
    assert {event.survey for event in asked} == {"servicio"}, "the campaign's survey, and not the queue's"


def typed_in(line: RunningLine, call: CallHistory) -> dict[str, int | None] | None:
    """Give what a call's history has of the survey, once all of it is there and an adviser typed it."""
    now = line.ledger().call(call.call_id)
    said = now.survey if now else ()
    return {each.question: each.answer for each in said} if len(said) >= len(TOLD) and said[-1].by else None


def consents(call: CallHistory) -> list[ConsentAnswer]:
    return [event.answer for event in call.events if isinstance(event, ConsentAnswered)]


def test_records_are_called_and_come_to_what_each_citizen_did(tmp_path: Path) -> None:
    asyncio.run(scene(tmp_path))
