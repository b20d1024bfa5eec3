"""Recordings measured after their calls: once each, whatever they are; real ones hold what was said."""

import asyncio
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import Engine

from contesta.audio import contract
from contesta.measuring import Measuring
from quality.audio.detectors import Narrow
from quality.audio.read import measured
from quality.audio.spans import Spans
from storage.database import connect
from storage.ledger import Ledger
from storage.recording_measures import RecordingMeasures, StoredMeasures
from telephony.phone import Call
from telephony.phone.audio import encoded
from tests.labelled_audio import HZ, Lane, conversation, recorded_voice, synthetic_voice
from tests.people import advisers_at_work, callers_phone, choose_an_adviser, random_mobile
from tests.running import RunningLine, eventually
from tests.stories import events_of, log_of, uid

NOW = datetime(2026, 1, 2, 15, 0, tzinfo=UTC)
CALLS = (0, 1, 8)


def write(folder: Path, *lanes: Lane, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    soundfile.write(file, np.stack([lane.sound for lane in lanes], axis=1), HZ)
    return file


def clock() -> datetime:
    return NOW


def settle(file: Path, seconds_ago: float = 60) -> None:
    written = NOW.timestamp() - seconds_ago
    os.utime(file, (written, written))


@pytest.fixture
def store(engine: Engine) -> RecordingMeasures:
    Ledger(engine).apply(events_of(log_of(CALLS)))
    return RecordingMeasures(engine)


def test_each_recording_is_measured_once_and_what_cannot_be_has_its_fault(
    store: RecordingMeasures, tmp_path: Path
) -> None:
    files = [f"{uid(call)}.wav" for call in CALLS]
    assert store.missing(10) == tuple(files)
    folder = tmp_path / "recordings"
    settle(write(folder, *conversation(turns=4, seed=2), name=files[0]))
    (folder / files[1]).write_bytes(b"RIFF, or so it says")
    settle(folder / files[1])

    prepared: list[Path] = []
    measuring = Measuring(store, folder, clock, prepared.append)
    assert measuring.work(stopped=lambda: True) == 0
    assert measuring.work() == 3
    assert prepared == [(folder / files[0]).resolve()], "what is heard of it is found out at once"
    assert store.missing(10) == ()
    assert measuring.work() == 0
    whole, damaged, gone = (store.of(file) for file in files)
    assert whole is not None
    assert whole.measures == contract(measured(folder / files[0], Narrow()))
    assert damaged == StoredMeasures(file=files[1], measured_at=NOW, fault="el archivo está dañado o vacío")
    assert gone == StoredMeasures(file=files[2], measured_at=NOW, fault="el archivo ya no está")


def test_recording_that_is_still_written_waits(store: RecordingMeasures, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    file = write(folder, *conversation(turns=2, seed=2), name=f"{uid(0)}.wav")
    settle(file, seconds_ago=1)
    Measuring(store, folder, clock).work()
    assert store.of(file.name) is None
    settle(file)
    Measuring(store, folder, clock).work()
    assert store.of(file.name) is not None


def test_name_that_leads_out_of_the_folder_is_not_opened(engine: Engine, tmp_path: Path) -> None:
    store = RecordingMeasures(engine)
    Ledger(engine).apply(events_of([row.replace(f"{uid(0)}.wav", "../secret.wav") for row in log_of([0])]))
    settle(write(tmp_path, *conversation(turns=2, seed=2), name="secret.wav"))
    (tmp_path / "recordings").mkdir()
    Measuring(store, tmp_path / "recordings", clock).work()
    assert store.of("../secret.wav") == StoredMeasures(
        file="../secret.wav", measured_at=NOW, fault="el archivo ya no está"
    )


def lengths(found: Spans) -> list[float]:
    return [end - begin for begin, end in found]


def said(lane: Lane) -> Callable[[Call], None]:
    sound = encoded((lane.sound * 32_767).astype(np.int16))
    return lambda call: call.play(sound)


def test_real_call_is_measured_as_it_was_spoken(line: RunningLine) -> None:
    adviser, caller = Lane(10), Lane(10)
    adviser.say(recorded_voice()[4], 0.5)
    caller.say(synthetic_voice()[5], 6.5)
    number = random_mobile(random.Random())

    async def run() -> None:
        connected = asyncio.Event()

        async def answer(call: Call) -> None:
            call.answer()
            said(adviser)(call)
            connected.set()
            await asyncio.sleep(adviser.seconds)
            call.hang_up()

        async with advisers_at_work(line, 0, count=1, on_call=answer), callers_phone(line) as phone:
            call = await phone.dial(line.number, from_number=number)
            await choose_an_adviser(line, call)
            await asyncio.wait_for(connected.wait(), 60)
            said(caller)(call)
            await asyncio.sleep(caller.seconds)
            call.hang_up()
            await call.wait_ended(60)

    asyncio.run(run())
    ledger = line.ledger()
    stored = eventually(lambda: [one for one in ledger.every_call() if one.number == f"+57{number}"], what="the call")
    history = eventually(lambda: ledger.call(stored[0].call_id))
    assert history is not None
    (recorded,) = history.recordings
    store = RecordingMeasures(connect(line.settings.ledger_url))
    found = eventually(lambda: store.of(recorded.file), seconds=120, what="measures")
    assert found is not None
    channels = found.measures["channels"]
    for lane, channel in zip((adviser, caller), channels, strict=True):
        assert lengths(channel["speech"]) == pytest.approx(lengths(lane.speech), abs=0.3)
    assert channels[0]["speech"][-1][1] < channels[1]["speech"][0][0]
    assert found.measures["talk_over"] == []
    assert found.measures["hold"] == []
