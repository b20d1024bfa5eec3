"""The line as its user meets it: started, called, looked at, stopped."""

import asyncio
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
import soundfile as sf
from aiohttp import ClientSession, CookieJar
from typer.testing import CliRunner
from yarl import URL

from contesta import processes
from contesta.cli import app
from contesta.settings import Settings
from contesta.users import first_invitation
from core.events import EndedBy
from quality.metrics.history import Outcome
from storage.database import connect
from telephony.phone import Call
from telephony.phone.audio import encoded, level_dbfs, share_at, tone
from tests.attention import Attention
from tests.people import ADVISER_HERTZ, advisers_at_work, callers_phone
from tests.ports import free_port
from tests.running import RunningLine, eventually, start_line

CALLER_HERTZ = 440
NUMBER = "3157654321"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLine]:
    """A line of this file's own: its first call is its only one, and it is stopped in the end."""
    with start_line(tmp_path_factory.mktemp("l")) as running:
        yield running


async def _whole_call(line: RunningLine) -> Call:
    """Press a wrong key, then 1; talk, and answer the survey when the adviser hangs up."""
    async with advisers_at_work(line, talk_seconds=4, count=1), callers_phone(line) as phone:
        call = await phone.dial(line.number, from_number=NUMBER, from_name='Pepe "el|ñero"')
        await call.wait_answered()
        attention = Attention(call, line.prompts)
        for asked, key in (("bienvenida", "9"), ("otra_tecla_1", "1")):
            await attention.hears(asked)
            await call.digits(key)
        call.play(tone(CALLER_HERTZ, 1.0), repeat=True)
        for asked, key in (("satisfaccion", "5"), ("percepcion", "4"), ("confianza", "3")):
            await attention.hears(f"encuesta_{asked}")
            await call.digits(key)
        await call.wait_ended(60)
    return call


def test_one_call_goes_all_the_way(line: RunningLine) -> None:
    call = asyncio.run(_whole_call(line))
    assert call.ended_here is False, "the line says goodbye and hangs up"
    assert level_dbfs(call.heard) > -40, "the caller heard speech and music"
    eventually(lambda: not line.ledger().open_calls())
    (stored,) = line.ledger().every_call()
    history = line.ledger().call(stored.call_id)
    assert history is not None
    assert history.number == f"+57{NUMBER}"
    assert history.ended_by is EndedBy.SYSTEM
    assert [(step.key, step.result) for step in history.menu_steps] == [("9", "wrong"), ("1", "chosen")]
    (visit,) = history.visits
    assert visit.result is Outcome.ANSWERED
    assert visit.legs[0].ended_by is EndedBy.AGENT
    assert (visit.legs[0].talk_ms or 0) >= 3000
    assert [answer.question for answer in history.survey] == ["satisfaccion", "percepcion", "confianza"]

    (recorded,) = history.recordings
    file = line.settings.recordings_dir / recorded.file
    eventually(file.exists, what="the recording")
    audio, rate_hz = sf.read(file, dtype="int16")
    assert rate_hz == 8000
    adviser, caller = (encoded(audio[:, channel]) for channel in (0, 1))
    assert share_at(adviser, ADVISER_HERTZ) > 0.9, "left is the adviser"
    assert share_at(adviser, CALLER_HERTZ) < 0.05
    assert share_at(caller, CALLER_HERTZ) > 0.9, "right is the caller"
    assert share_at(caller, ADVISER_HERTZ) < 0.05


def test_secrets_and_the_telephone_systems_configuration_are_private(line: RunningLine) -> None:
    assert stat.S_IMODE(line.settings.secrets_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((line.settings.asterisk_dir / "etc").stat().st_mode) == 0o700


def _listening(protocol: str, state: str) -> set[tuple[str, int]]:
    rows = [row.split() for row in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]]
    places = [row[1].split(":") for row in rows if row[3] == state]
    return {(socket.inet_ntoa(bytes.fromhex(host)[::-1]), int(port, 16)) for host, port in places}


def test_the_services_listen_on_loopback_only(line: RunningLine) -> None:
    listening = _listening("tcp", "0A") | _listening("udp", "07")
    settings = line.settings
    for port in (settings.sip_port, settings.manager_port, settings.agi_port, settings.web_port):
        assert {host for host, number in listening if number == port} == {"127.0.0.1"}


def test_a_second_start_in_the_same_folder_is_refused_with_a_sentence(line: RunningLine) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "contesta", "run"],
        env=line.settings.as_child_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ya está en marcha" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, tempfile.TemporaryDirectory(prefix="contesta-") as folder:
        port = taken.getsockname()[1]
        settings = Settings(data_dir=Path(folder), manager_port=port, agi_port=free_port(), web_port=free_port())
        settings = settings.model_copy(update={"sip_port": free_port()})
        done = subprocess.run(
            [sys.executable, "-m", "contesta", "run"],
            env=settings.as_child_environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )
    said = " ".join(done.stderr.split())
    assert done.returncode == 1
    assert f"puerto {port}" in said
    assert "CONTESTA_MANAGER_PORT=" in said
    assert "Traceback" not in said


def test_the_doctor_finds_a_running_line_well(line: RunningLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in line.settings.as_child_environment().items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "en marcha" in result.output
    assert "■" not in result.output


def test_running_line_prints_a_link_that_makes_its_first_administrator(line: RunningLine) -> None:
    """From the terminal to the page of people, over the real process; then no link is printed any more."""
    printed = re.search(r"(http://127\.0\.0\.1:[0-9]+)(/invitacion/\S+)", line.output.read_text(encoding="utf-8"))
    assert printed is not None
    origin, path = printed.groups()

    async def scenario() -> None:
        jar = CookieJar(unsafe=True, treat_as_secure_origin=URL(origin))
        async with ClientSession(origin, cookie_jar=jar, headers={"Origin": origin}) as browser:
            page = await (await browser.get(path)).text()
            shown = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
            assert shown is not None
            password = "una frase larga y propia"
            form = {"name": "Luz Marina", "password": password, "again": password}
            form["code"] = pyotp.TOTP(shown[1].replace(" ", "")).now()
            async with browser.post(path, data=form) as accepted:
                assert accepted.url.path == "/administracion/personas"
                assert "Luz Marina" in await accepted.text()

    asyncio.run(scenario())
    engine = connect(line.settings.ledger_url)
    assert first_invitation(line.settings, engine, datetime.now(UTC)) == ""
    engine.dispose()


def test_ctrl_c_stops_every_part(line: RunningLine) -> None:
    """The last test of this line."""
    parts = ("run", "listen", "agi", "web", "callbacks-worker", "measure")
    pids = [line.pid(name) for name in parts]
    asterisk_pid = line.asterisk.pid
    line.process.send_signal(signal.SIGINT)
    assert line.process.wait(timeout=60) == 0
    assert line.asterisk.pid is None
    assert asterisk_pid is not None
    assert not any(processes.holder(line.settings.run_dir, name) for name in parts)
    assert not [pid for pid in (*pids, asterisk_pid) if Path(f"/proc/{pid}").exists()]
    assert "detenido" in line.output.read_text(encoding="utf-8")
