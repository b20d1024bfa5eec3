"""What was measured in a recording, as the desk shows it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from contesta.audio import contract, measures_of
from contesta.auditing.evidence import of, told
from contesta.auditing.waveform import outline
from core.errors import NotAvailableError
from quality.audio.measures import Channel, Measures, Role, TalkOver
from storage.recording_measures import StoredMeasures


def channel(role: Role, *speech: tuple[float, float]) -> Channel:
    return Channel(role=role, speech=speech, music=(), level_dbfs=-20, noise_dbfs=-60, clipped_fraction=0, offset=0)


MEASURES = Measures(
    duration_seconds=60,
    sample_rate=8000,
    channels=(channel(Role.ADVISER, (0.5, 4), (20, 25)), channel(Role.CALLER, (3, 5), (19, 21))),
    talk_over=(TalkOver(begin=3, end=4, began=Role.CALLER), TalkOver(begin=20, end=21, began=Role.ADVISER)),
    silences=((5, 19),),
    hold=((30, 50),),
    responses=(),
    talk_ratio=0.5,
)


def test_spans_say_where_to_listen_for_which_item() -> None:
    found = told(MEASURES)
    assert [(span.kind, span.title, span.start) for span in found.spans] == [
        ("talk_over", "Hablan a la vez", 3),
        ("silence", "Silencio; mire el 9.3", 5),
        ("talk_over", "El asesor habla sobre el ciudadano; mire el 8.3", 20),
        ("hold", "Espera; mire el 9", 30),
    ]
    assert [(one.lane, len(one.segments)) for one in found.speech] == [("adviser", 2), ("citizen", 2)]


def test_announced_holds_are_holds_and_no_silences() -> None:
    stored = StoredMeasures(file="a.wav", measured_at=datetime.now(UTC), measures=contract(MEASURES))
    found = told(of(stored, ((7.0, 12.0), (49.0, 55.0))))
    assert [(span.kind, span.start, span.end) for span in found.spans if span.kind != "talk_over"] == [
        ("silence", 5, 7),
        ("hold", 7, 12),
        ("silence", 12, 19),
        ("hold", 30, 55),
    ]


def test_what_is_kept_is_read_as_it_was() -> None:
    assert measures_of(json.loads(json.dumps(contract(MEASURES)))) == MEASURES


def test_recording_that_is_not_measured_says_why() -> None:
    with pytest.raises(NotAvailableError, match="aún no se ha medido"):
        of(None, ())
    with pytest.raises(NotAvailableError, match="ya no está"):
        of(StoredMeasures(file="a.wav", measured_at=datetime.now(UTC), fault="el archivo ya no está"), ())


@pytest.mark.parametrize("frames", [1, 7, 1199, 1200, 1201, 250_001])
def test_outline_has_the_loudest_of_each_moment_whatever_the_length(tmp_path: Path, frames: int) -> None:
    samples = np.zeros((frames, 2))
    samples[-1, 1] = -0.5
    soundfile.write(tmp_path / "a.wav", samples, 8000)
    found = outline(tmp_path / "a.wav")
    assert found.seconds == frames / 8000
    adviser, citizen = found.channels
    assert 0 < len(adviser) == len(citizen) <= 1200
    assert max(adviser) == 0
    assert citizen[-1] == pytest.approx(0.5, abs=1e-3)


def test_recording_of_one_channel_and_an_empty_one_have_their_outline(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(800, 0.25), 8000)
    assert len(outline(tmp_path / "a.wav").channels) == 1
    soundfile.write(tmp_path / "b.wav", np.zeros((0, 2)), 8000)
    assert outline(tmp_path / "b.wav").channels == ((), ())
