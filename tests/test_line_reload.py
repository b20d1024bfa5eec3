"""Publishing lines: whole or not at all, and no call in progress notices."""

import asyncio
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contesta import accounts, lines, publish
from contesta.settings import Settings
from core.errors import ConfigurationError
from ivr import prompts
from ivr.line import exchange
from ivr.line.published import KEPT, Published
from telephony import asterisk
from telephony.agi import Channel
from telephony.phone import Call, Phone, State
from tests.line_stage import EXAMPLES, Stage, open_now, telephone_system
from tests.people import random_mobile
from tests.running import eventually

ANM = open_now((EXAMPLES / "anm.yaml").read_text(encoding="utf-8"))
NUMBER = "018000933833"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with telephone_system({"anm.yaml": ANM}) as running:
        yield running


async def dial(stage: Stage, phone: Phone) -> tuple[Call, str]:
    mine = random_mobile(random.Random())
    call = await phone.dial(NUMBER, from_number=mine)
    await call.wait_answered()
    return call, await asyncio.to_thread(stage.call_of, mine)


def test_a_publication_touches_neither_who_waits_nor_who_is_in_the_menu(stage: Stage) -> None:
    told: list[tuple[str, ...]] = []

    def menu(channel: Channel) -> None:
        told.append(("entrada", channel.env["agi_arg_2"]))
        queues = {"1": "anm_atencion", "2": "anm_solicitudes", "3": "anm_estado"}
        key = channel.wait_for_digit(60_000)
        channel.set_variable(exchange.DESTINATION, f"cola:{queues[key]}")

    def survey(channel: Channel) -> None:
        told.append(("encuesta", channel.env["agi_arg_2"], channel.env["agi_arg_3"]))
        channel.set_variable(exchange.DESTINATION, "fin")

    async def hangs_up(call: Call) -> None:
        call.answer()
        await asyncio.sleep(0.5)
        call.hang_up()

    before = stage.line("anm")

    async def run() -> None:
        async with stage.caller() as phone:
            waiting, waiting_id = await dial(stage, phone)
            await waiting.digits("1")
            await stage.until("ENTERQUEUE", waiting_id)
            choosing, choosing_id = await dial(stage, phone)
            await asyncio.to_thread(eventually, lambda: len(told) == 2)

            file = stage.folder / "anm.yaml"
            text = file.read_text(encoding="utf-8").replace("anm_solicitudes", "anm_estado")
            text = text.replace("    survey: anm_servicio\n  anm_estado", "    ring_seconds: 7\n  anm_estado")
            file.write_text(text.replace("Le damos la bienvenida a", "Habla con"), encoding="utf-8")
            done = await asyncio.to_thread(stage.reload)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "Publicada: «Línea de atención de la Agencia Nacional de Minería»" in done.stdout
            (after,) = lines.current(stage.settings)
            assert after.edition != before.edition

            assert [waiting.state, choosing.state] == [State.TALKING, State.TALKING]
            assert "1. PJSIP/publico" in stage.asterisk.console("queue show anm_atencion")
            newcomer, newcomer_id = await dial(stage, phone)
            await newcomer.digits("3")
            assert (await stage.until("ENTERQUEUE", newcomer_id))[2] == "anm_estado"
            await choosing.digits("2")
            assert (await stage.until("ENTERQUEUE", choosing_id))[2] == "anm_atencion", "its own queue is gone"
            assert told == [("entrada", before.edition)] * 2 + [("entrada", after.edition)]
            newcomer.hang_up()
            choosing.hang_up()
            for call in (newcomer_id, choosing_id):
                await stage.until("FIN", call)

            async with stage.adviser(0, hangs_up) as adviser:
                await adviser.register()
                await waiting.wait_ended(60)
            assert told[3:] == [("encuesta", before.edition, "anm_servicio")], "as when it entered the queue"
            assert len(stage.facts("ENTERQUEUE", waiting_id)) == 1
            assert len(stage.facts("CONNECT", waiting_id)) == 1
        for line in (before, after):
            assert (stage.settings.sounds_dir / "es" / line.sounds / "bienvenida.wav").exists()

    with stage.scripts({"entrada": menu, "encuesta": survey}):
        asyncio.run(run())


def test_what_has_a_fault_is_not_published_and_what_was_stays(stage: Stage) -> None:
    before = lines.current(stage.settings)
    dialplan = stage.asterisk.console("dialplan show lineas")
    stage.change("anm.yaml", "menu: tramites}", "menu: tramite}")
    done = stage.reload()
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "No se publicó: anm.yaml, línea" in said
    assert "clave «2»: no existe el menú «tramite»; las que hay son: principal, tramites" in said
    assert "Traceback" not in done.stderr
    assert lines.current(stage.settings) == before
    assert stage.asterisk.console("dialplan show lineas") == dialplan


@pytest.fixture(scope="module")
def installation() -> asterisk.Installation:
    found = asterisk.find(Settings().cache_dir)
    assert found is not None
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a line that is published but not running."""
    folder = Path(f"/tmp/contesta-{tmp_path.name[-20:]}-{random.randrange(10**9)}")  # noqa: S108  short, for a socket
    (folder / "lines").mkdir(parents=True)
    (folder / "lines" / "anm.yaml").write_text(ANM, encoding="utf-8")
    yield Settings(data_dir=folder / "var", lines_dir=str(folder / "lines"), recorded_prompts_dir=folder / "recorded")
    shutil.rmtree(folder)


def _publish(settings: Settings, installation: asterisk.Installation, said: list[str] | None = None) -> str:
    """Publish as at a start; return the edition."""
    made = accounts.ensure(settings.secrets_file)
    told = (said if said is not None else []).append
    (line,) = publish.publish_or_keep(settings, made, installation, datetime.now(UTC), told)
    return line.edition


def _change(settings: Settings, old: str, new: str) -> None:
    path = Path(settings.lines_dir) / "anm.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_first_start_with_a_fault_is_refused(settings: Settings, installation: asterisk.Installation) -> None:
    _change(settings, "menu: tramites}", "menu: tramite}")
    with pytest.raises(publish.NotPublishedError, match=r"No se publicó:\n  anm.yaml, línea \d+, clave «2»"):
        _publish(settings, installation)


def test_a_later_start_with_a_fault_keeps_what_was_published_and_says_so(
    settings: Settings, installation: asterisk.Installation
) -> None:
    first = _publish(settings, installation)
    _change(settings, "menu: tramites}", "menu: tramite}")
    said: list[str] = []
    assert _publish(settings, installation, said) == first
    assert "No se publicó" in said[0]
    assert "Se conserva lo que estaba publicado" in said[0]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("voice: es-ES", "voice: none", "clave «bienvenida»: falta el audio «bienvenida»"),
        ('"810"', '"810"\n    members: [nadie]', "clave «anm_atencion»: no hay una cuenta de asesor «nadie»"),
        ('"810"', '"810"\n    music: arpa', "clave «anm_atencion»: falta la música"),
        ("Autorizar es opcional.", "Debe autorizar.", "clave «consent»: el texto de la autorización cambió"),
    ],
)
def test_what_the_installation_lacks_is_told_with_its_place(
    settings: Settings, installation: asterisk.Installation, old: str, new: str, reason: str
) -> None:
    first = _publish(settings, installation)
    _change(settings, old, new)
    said: list[str] = []
    assert _publish(settings, installation, said) == first
    assert reason in said[0]
    assert "anm.yaml, línea " in said[0]


def test_a_consent_that_changes_with_its_version_is_published(
    settings: Settings, installation: asterisk.Installation
) -> None:
    first = _publish(settings, installation)
    _change(settings, "Autorizar es opcional.", "Puede no autorizar.")
    _change(settings, 'version: "2025-11"', 'version: "2026-12"')
    assert _publish(settings, installation) != first


def test_music_of_its_own_is_given_to_asterisk(settings: Settings, installation: asterisk.Installation) -> None:
    folder = settings.music_dir / "arpa"
    folder.mkdir(parents=True)
    (folder / "llano.wav").write_bytes(b"RIFF")
    _change(settings, 'extension: "810"', 'extension: "810"\n    music: arpa')
    _publish(settings, installation)
    etc = settings.asterisk_dir / "etc"
    assert f"[arpa]\nmode = files\ndirectory = {folder}\n" in (etc / "musiconhold.conf").read_text()
    assert "musicclass = arpa" in (etc / "queues.conf").read_text()


NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_past_editions_are_kept_for_a_day(tmp_path: Path) -> None:
    store = Published(tmp_path, prompts.shared())
    editions = [f"{number:012x}" for number in range(3)]
    for hours, edition in zip((0, 1, 30), editions, strict=True):
        store.add({"anm": (edition, ANM)})
        forgotten = store.make_current({"anm": edition}, NOW + timedelta(hours=hours))
        assert [each.edition for each in forgotten] == (editions[:1] if hours == 30 else [])
    assert [(each.edition, each.past_since) for each in store.editions()] == [
        (editions[2], None),
        (editions[1], NOW + timedelta(hours=30)),
    ]
    assert not (tmp_path / "anm" / f"{editions[0]}.yaml").exists()
    again = Published(tmp_path, prompts.shared())
    assert [line.edition for line in again.current()] == [editions[2]]
    assert again.line("anm", editions[1]).edition == editions[1], "a call may still have it"
    assert timedelta(hours=12) < KEPT


def test_going_back_to_an_earlier_file_makes_it_current_again(tmp_path: Path) -> None:
    store = Published(tmp_path, prompts.shared())
    for hours, edition in enumerate(("a" * 12, "b" * 12, "a" * 12)):
        store.add({"anm": (edition, ANM)})
        assert store.make_current({"anm": edition}, NOW + timedelta(hours=hours)) == ()
    assert [(each.edition, each.past_since is None) for each in store.editions()] == [
        ("a" * 12, True),
        ("b" * 12, False),
    ]


@pytest.mark.parametrize(("name", "edition"), [("../anm", "a" * 12), ("anm", "../../x"), ("", ""), ("anm", "a" * 12)])
def test_an_edition_that_was_never_published_is_refused(tmp_path: Path, name: str, edition: str) -> None:
    with pytest.raises(ConfigurationError):
        Published(tmp_path, prompts.shared()).line(name, edition)


def test_a_damaged_list_of_editions_is_told(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text("[{}]")
    with pytest.raises(ConfigurationError, match="está dañado"):
        Published(tmp_path, prompts.shared()).current()
