"""What the lanes of a call come to together: who spoke when, over whom, after how long, and when nobody did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from statistics import median

import numpy as np

from quality.audio import spans
from quality.audio.frames import FRAME_SECONDS, Lane, dbfs
from quality.audio.spans import Mask, Spans
from quality.audio.speech import Heard

LEAST_SILENCE_SECONDS = 2.0
DEAD_AIR_SECONDS = 10.0
LEAST_TALK_OVER_SECONDS = 0.1
LONGEST_RESPONSE_SECONDS = 10.0
"""Whoever begins to speak later than that after the other does not answer him."""

ONE_WAY_SECONDS = 5.0
OFFSET_WORTH_TELLING = 0.01
CLIPPED_WORTH_TELLING = 0.001
QUIET_DBFS = -38.0
SNR_WORTH_TELLING_DB = 15.0


class Role(StrEnum):
    """Whose voice a channel has. A recording with one channel has both."""

    ADVISER = "adviser"
    CALLER = "caller"
    BOTH = "both"


ROLES: Mapping[int, tuple[Role, ...]] = {1: (Role.BOTH,), 2: (Role.ADVISER, Role.CALLER)}
"""By number of channels: the first of two is the adviser's."""


class Finding(StrEnum):
    """What is wrong with a recording."""

    CUT_OFF = "cut_off"
    NOTHING_SPOKEN = "nothing_spoken"
    ONE_WAY = "one_way"
    CLIPPED = "clipped"
    OFFSET = "offset"
    QUIET = "quiet"
    NOISY = "noisy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One voice. `level_dbfs` is that of its speech, `noise_dbfs` of its background, None where there is none.

    `clipped_fraction` is of all samples, `offset` the mean of all samples over full scale.
    """

    role: Role
    speech: Spans
    music: Spans
    level_dbfs: float | None
    noise_dbfs: float | None
    clipped_fraction: float
    offset: float

    @property
    def speech_seconds(self) -> float:
        """How long the voice is heard."""
        return spans.total(self.speech)


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOver:
    """Both speak. `began` is who spoke while the other did already, None if both began within a frame."""

    begin: float
    end: float
    began: Role | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a recording comes to; times in seconds from its beginning.

    `silences`: nobody speaks and there is no hold, LEAST_SILENCE_SECONDS or more. `hold`: music, or what the telephone
    system announced. `responses` are the seconds from the caller's last word to the adviser's first one. `talk_ratio`
    is the adviser's share of all speech, 0 to 1, None where it cannot be told.
    """

    duration_seconds: float
    sample_rate: int
    channels: tuple[Channel, ...]
    talk_over: tuple[TalkOver, ...]
    silences: Spans
    hold: Spans
    responses: tuple[float, ...]
    talk_ratio: float | None
    findings: tuple[tuple[Finding, Role | None], ...] = field(default=())

    @property
    def dead_air(self) -> Spans:
        """Silences that nobody on the telephone takes for a pause."""
        return spans.of_length(self.silences, DEAD_AIR_SECONDS)

    @property
    def response_seconds(self) -> float | None:
        """Median of the adviser's responses, None without any."""
        return median(self.responses) if self.responses else None


def measure(
    lanes: Sequence[tuple[Lane, Heard]],
    *,
    duration_seconds: float,
    sample_rate: int,
    announced_hold: Spans = (),
    cut_off: bool = False,
) -> Measures:
    """Bring one or two lanes together; `announced_hold` is what the telephone system told of holds."""
    channels = tuple(_channel(role, lane, heard) for role, (lane, heard) in zip(ROLES[len(lanes)], lanes, strict=True))
    hold = spans.bridged([*announced_hold, *(one for channel in channels for one in channel.music)], 0.0)
    speech = spans.bridged([one for channel in channels for one in channel.speech], 0.0)
    busy = spans.bridged([*speech, *hold], 0.0)
    both = (channels[0], channels[1]) if len(channels) > 1 else None
    return Measures(
        duration_seconds=duration_seconds,
        sample_rate=sample_rate,
        channels=channels,
        talk_over=_talk_over(*both) if both else (),
        silences=spans.of_length(spans.between(busy, duration_seconds), LEAST_SILENCE_SECONDS),
        hold=hold,
        responses=_responses(*both, hold) if both else (),
        talk_ratio=_talk_ratio(*both) if both else None,
        findings=((Finding.CUT_OFF, None),) * cut_off + _findings(channels),
    )


def with_holds(measures: Measures, announced: Spans) -> Measures:
    """Return the measures with holds that the telephone system announced, which are no silences."""
    elsewhere = spans.between(spans.bridged(announced, 0.0), measures.duration_seconds)
    return replace(
        measures,
        hold=spans.bridged([*measures.hold, *announced], 0.0),
        silences=spans.of_length(spans.common(measures.silences, elsewhere), LEAST_SILENCE_SECONDS),
    )


def _channel(role: Role, lane: Lane, heard: Heard) -> Channel:
    spoken, music = (_mask(found, len(lane.power)) for found in (heard.speech, heard.music))
    background = ~(spoken | music)
    totals = lane.totals
    return Channel(
        role=role,
        speech=heard.speech,
        music=heard.music,
        level_dbfs=float(dbfs(lane.power[spoken].mean())) if spoken.any() else None,
        noise_dbfs=float(np.median(lane.level_dbfs[background])) if background.any() else None,
        clipped_fraction=totals.clipped / totals.samples if totals.samples else 0.0,
        offset=totals.offset,
    )


def _mask(found: Spans, frames: int) -> Mask:
    mask = np.zeros(frames, dtype=bool)
    for begin, end in found:
        mask[round(begin / FRAME_SECONDS) : round(end / FRAME_SECONDS)] = True
    return mask


def _talk_over(adviser: Channel, caller: Channel) -> tuple[TalkOver, ...]:
    found = []
    for begin, end in spans.of_length(spans.common(adviser.speech, caller.speech), LEAST_TALK_OVER_SECONDS):
        since = {
            one.role: max(start for start, stop in one.speech if start <= begin < stop) for one in (adviser, caller)
        }
        apart = since[Role.ADVISER] - since[Role.CALLER]
        began = None if abs(apart) <= FRAME_SECONDS else Role.ADVISER if apart > 0 else Role.CALLER
        found.append(TalkOver(begin=begin, end=end, began=began))
    return tuple(found)


def _responses(adviser: Channel, caller: Channel, hold: Spans) -> tuple[float, ...]:
    """Return the pauses after which the adviser speaks and before which the caller did, without holds."""
    turns = sorted((begin, end, channel.role) for channel in (adviser, caller) for begin, end in channel.speech)
    found, silent_since, last = [], 0.0, Role.BOTH
    for begin, end, role in turns:
        pause = begin - silent_since
        answers = role is Role.ADVISER and last is Role.CALLER and 0 < pause <= LONGEST_RESPONSE_SECONDS
        if answers and not spans.common(((silent_since, begin),), hold):
            found.append(pause)
        if end > silent_since:
            silent_since, last = end, role
    return tuple(found)


def _talk_ratio(adviser: Channel, caller: Channel) -> float | None:
    together = adviser.speech_seconds + caller.speech_seconds
    return adviser.speech_seconds / together if together else None


def _findings(channels: tuple[Channel, ...]) -> tuple[tuple[Finding, Role | None], ...]:
    spoken = [channel.speech_seconds for channel in channels]
    found: list[tuple[Finding, Role | None]] = [] if any(spoken) else [(Finding.NOTHING_SPOKEN, None)]
    for channel in channels:
        level, noise = channel.level_dbfs, channel.noise_dbfs
        checks = {
            Finding.ONE_WAY: not channel.speech and max(spoken) >= ONE_WAY_SECONDS,
            Finding.CLIPPED: channel.clipped_fraction > CLIPPED_WORTH_TELLING,
            Finding.OFFSET: abs(channel.offset) > OFFSET_WORTH_TELLING,
            Finding.QUIET: level is not None and level < QUIET_DBFS,
            Finding.NOISY: level is not None and noise is not None and level - noise < SNR_WORTH_TELLING_DB,
        }
        found += [(finding, channel.role) for finding, holds in checks.items() if holds]
    return tuple(found)
