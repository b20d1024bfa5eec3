import dataclasses
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from asterisk_conf.configuration import TelephoneSystem, render, write
from contesta import accounts
from contesta.settings import Settings
from contesta.wiring import telephone_system
from core.errors import ConfigurationError
from telephony.asterisk import Installation


@pytest.fixture
def system() -> Iterator[TelephoneSystem]:
    with tempfile.TemporaryDirectory(prefix="contesta-") as short:
        yield _system(Path(short))


def _system(folder: Path) -> TelephoneSystem:
    data = folder / "share"
    (data / "sounds" / "es_MX_f_Allison" / "digits").mkdir(parents=True)
    (data / "moh").mkdir()
    installation = Installation(program=Path("/x/asterisk"), modules=Path("/x/modules"), data=data, version="22.10.1")
    settings = Settings(data_dir=folder / "var")
    return telephone_system(settings, accounts.ensure(settings.secrets_file), installation)


def test_callers_reach_published_numbers_only_and_cannot_dial_out(system: TelephoneSystem) -> None:
    dialplan = render(system)["extensions.conf"]
    public = re.search(r"^\[publico\]$(.*?)^\[", dialplan, re.MULTILINE | re.DOTALL)
    assert public
    assert re.findall(r"exten => ([^,]+),", public[1]) == [system.line_number]
    reachable = dialplan.split("[asesores]")[0]
    assert not re.search(r"(?<!Mix)\b(Dial|System|Originate|TrySystem|Exec)\(", reachable)
    assert "_X" not in dialplan


def test_the_manager_user_reads_and_nothing_else(system: TelephoneSystem) -> None:
    text = render(system)["manager.conf"]
    assert "bindaddr = 127.0.0.1" in text
    assert re.findall(r"^write = (.*)$", text, re.MULTILINE) == ["reporting"]
    assert re.findall(r"^read = (.*)$", text, re.MULTILINE) == ["call,agent,user"]
    assert "webenabled = no" in text


@pytest.mark.parametrize("name", ["a,b", "a;b", 'a"b', "a|b", "[x]", "a\nb", "${SHELL(id)}", "a\\b", ""])
def test_a_name_that_would_break_a_file_is_refused(system: TelephoneSystem, name: str) -> None:
    hostile = dataclasses.replace(
        system, members=[accounts.Adviser(account="asesor1", name=name, secret="s" * 20), *system.members]
    )
    with pytest.raises(ConfigurationError, match="no puede estar"):
        render(hostile)


def test_a_folder_too_deep_for_a_socket_is_refused(system: TelephoneSystem) -> None:
    with pytest.raises(ConfigurationError, match="muy larga"):
        render(dataclasses.replace(system, folder=Path("/" + "x" * 100)))


def test_writing_again_changes_nothing_and_keeps_the_secrets_private(system: TelephoneSystem) -> None:
    config = write(system)
    first = {p: p.read_bytes() for p in config.parent.iterdir()}
    assert write(system) == config
    assert {p: p.read_bytes() for p in config.parent.iterdir()} == first
    assert config.parent.stat().st_mode & 0o077 == 0
    assert (system.folder / "lib" / "sounds" / "es" / "contesta").is_dir()
    assert (system.folder / "lib" / "sounds" / "es" / "digits").is_dir()
