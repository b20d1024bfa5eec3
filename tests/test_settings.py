import os
import stat
from pathlib import Path

import pytest

from contesta import accounts
from contesta.settings import Settings, load
from core.errors import ConfigurationError


def test_settings_survive_the_way_to_a_child_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, sip_port=15060, manage_asterisk=False)
    for name, value in given.as_child_environment().items():
        monkeypatch.setenv(name, value)
    assert load() == given


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CONTESTA_SIP_PROT", "5060", "CONTESTA_SIP_PROT"),
        ("CONTESTA_SIP_PORT", "cinco", "CONTESTA_SIP_PORT"),
        ("CONTESTA_SIP_PORT", "80", "CONTESTA_SIP_PORT"),
        ("CONTESTA_LINE_NUMBER", "018000910123", "CONTESTA_LINE_NUMBER"),
        ("CONTESTA_TRUNK", "evil host", "CONTESTA_TRUNK"),
        ("CONTESTA_AGI_PORT", "5038", "mismo puerto"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=said):
        load()


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "secretos.json"
    os.umask(os.umask(0o022))
    first = accounts.ensure(file)
    assert accounts.ensure(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secrets = [a.secret for a in first.members] + [first.manager_secret]
    assert len(set(secrets)) == len(secrets)
    assert min(map(len, secrets)) >= 20


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"manager_user": "x"}', "\x00"])
def test_a_damaged_file_of_secrets_is_named_with_its_mend(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secretos.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"secretos\.json.*dañado.*Bórrelo"):
        accounts.read(file)
