"""The files that Asterisk plays: every prompt of a line in each of its languages.

    <folder>/<language>/contesta/<line>/<edition>/<prompt>.wav     8 kHz
    <folder>/<language>/contesta/<line>/<edition>/<prompt>.wav16   16 kHz

A recording of the entity comes first, then the language's voice, then the Spanish prompt: there is always something to
hear. What was made before is kept in a cache, by the hash of text and voice or of the recording.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from ivr import speech, synthesis
from ivr.line.model import SPANISH, Language, Line

LONGEST_SECONDS = 20.0
SPANISH_VOICE = "es-ES"
RECORDING_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
RATES = {".wav": synthesis.LINE_HZ, ".wav16": synthesis.WIDE_HZ}

Progress = Callable[[int, int, str], None]
"""Called before a prompt is made, with prompts done, prompts in all and its id; at the end with an empty id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a prompt is made of: a recording, or a text and the voice that says it."""

    prompt: str
    text: str
    voice: str
    recording: Path | None = None

    @property
    def digest(self) -> str:
        """Name the sound that comes of it."""
        said = self.recording.read_bytes() if self.recording else f"{self.voice} {self.text}".encode()
        pause = "…" if self.recording and self.ends_a_sentence else ""
        return hashlib.sha256(f"{synthesis.RECIPE} {pause}".encode() + said).hexdigest()

    @property
    def ends_a_sentence(self) -> bool:
        """Whether something else may be said next, rather than its own end, as after "Su turno es el número"."""
        return self.text.endswith((".", "?", "!"))

    def audio(self) -> synthesis.Audio:
        """Make the sound.

        Raises:
            ConfigurationError: the recording cannot be used, or the prompt is too long; names it and the mend.
        """
        if self.text == speech.PAUSE:
            return synthesis.silence(speech.PAUSE_SECONDS)
        if self.prompt == speech.TONE:
            return synthesis.tone()
        try:
            audio = synthesis.even_loudness(
                synthesis.read(self.recording) if self.recording else synthesis.speak(self.text, self.voice)
            )
        except ValueError as silent:
            raise ConfigurationError(
                f"El audio «{self.prompt}» no tiene sonido; grábelo de nuevo o retire la grabación"
            ) from silent
        if len(audio) > LONGEST_SECONDS * synthesis.WIDE_HZ:
            seconds = len(audio) / synthesis.WIDE_HZ
            raise ConfigurationError(
                f"El audio «{self.prompt}» dura {seconds:.0f} s; acórtelo a {LONGEST_SECONDS:.0f} s o menos"
            )
        return synthesis.with_pause(audio) if self.ends_a_sentence else audio


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A prompt that callers hear from the Spanish voice, since their language has no sound for it."""

    line: str
    language: Language
    prompt: str
    text: str


class Recordings:
    """The entity's own recordings, by file name.

    <folder>/<line>/<language>/<prompt>.wav comes before <folder>/<language>/<prompt>.wav, which all lines share;
    Spanish may do without its folder. Also flac, ogg, mp3.
    """

    def __init__(self, folder: Path | None) -> None:
        files = sorted(folder.rglob("*")) if folder else []
        self._files = {
            path.relative_to(folder).with_suffix("").as_posix(): path
            for path in files
            if folder and path.suffix in RECORDING_SUFFIXES and path.is_file()
        }

    def find(self, line: str, language: str, prompt: str) -> Path | None:
        """Return the recording of a prompt, None if there is none."""
        places = [f"{line}/{language}/{prompt}", f"{language}/{prompt}"]
        if language == SPANISH:
            places += [f"{line}/{prompt}", prompt]
        return next((self._files[place] for place in places if place in self._files), None)


def build(
    lines: Iterable[Line],
    folder: Path,
    *,
    cache: Path,
    recordings: Path | None = None,
    progress: Progress = lambda _done, _total, _prompt: None,
) -> int:
    """Make the prompts of lines below `folder` and return how many there are.

    Raises:
        ConfigurationError: a recording cannot be used, or a prompt is too long; names the file or key and the mend.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = Recordings(recordings)
    wanted = {
        folder / language.code / line.sounds / source.prompt: source
        for line in lines
        for language in line.languages.all
        for source in sources(line, language, found)
    }
    for done, (path, source) in enumerate(wanted.items()):
        made = cache / source.digest
        if not all(made.with_suffix(suffix).exists() for suffix in RATES):
            progress(done, len(wanted), source.prompt)
            audio = source.audio()
            for suffix, rate_hz in RATES.items():
                _write(made.with_suffix(suffix), synthesis.wav(audio, rate_hz))
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in RATES:
            _link(made.with_suffix(suffix), path.with_name(path.name + suffix))
    progress(len(wanted), len(wanted), "")
    return len(wanted)


def sources(line: Line, language: Language, recordings: Recordings) -> Iterator[Source]:
    """Yield what each prompt of a line is made of in one of its languages, in Spanish what it has no sound for."""
    own = _own_texts(line, language)
    for prompt, text in _texts(line).items():
        if recording := recordings.find(line.name, language.code, prompt):
            yield Source(prompt=prompt, text=text, voice="", recording=recording)
        elif language.voice and prompt in own:
            yield Source(prompt=prompt, text=own[prompt], voice=language.voice)
        else:
            recording = recordings.find(line.name, SPANISH, prompt)
            yield Source(prompt=prompt, text=text, voice=SPANISH_VOICE, recording=recording)


def missing(line: Line, recordings: Recordings) -> Iterator[Missing]:
    """Yield what a language of a line has no sound for: neither a recording, nor a voice and a text."""
    for language in line.languages.all:
        spoken = {*_own_texts(line, language), *_SOUNDS} if language.voice else set(_SOUNDS)
        for prompt, text in _texts(line).items():
            if prompt in spoken or prompt.startswith(_TO_ADVISERS):
                continue
            if not recordings.find(line.name, language.code, prompt):
                yield Missing(line=line.name, language=language, prompt=prompt, text=text)


def forget(folder: Path, line: str, edition: str) -> None:
    """Remove the prompts of an edition that no call hears any more."""
    for language in folder.iterdir():
        shutil.rmtree(language / "contesta" / line / edition, ignore_errors=True)


_TO_ADVISERS = ("asesor_", "asunto/")
"""What these prompts' names begin with; advisers hear Spanish."""

_SOUNDS = {speech.prompt(speech.PAUSE): speech.PAUSE, speech.TONE: ""}


def _texts(line: Line) -> Mapping[str, str]:
    """Return all that a line may say, in Spanish."""
    subjects = {
        mailbox.subject_prompt(subject): f"{subject.title}."
        for mailbox in line.mailboxes.values()
        for subject in mailbox.subjects.values()
    }
    return {**speech.vocabulary(), **_SOUNDS, **subjects, **line.texts[SPANISH]}


def _own_texts(line: Line, language: Language) -> Mapping[str, str]:
    """Return what a line says in a language; values are said in Spanish only."""
    return _texts(line) if language.code == SPANISH else line.texts.get(language.code, {})


def _write(target: Path, content: bytes) -> None:
    """Write a file so that nobody, Asterisk included, ever sees half of it, nor meets another writer of it."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as part:
        part.write(content)
    Path(part.name).chmod(0o644)
    Path(part.name).replace(target)


def _link(made: Path, target: Path) -> None:
    """Put what was made where it is played, without a second copy where the disk allows it."""
    if target.exists() and target.samefile(made):
        return
    part = target.with_name(f".{os.getpid()}-{target.name}")
    part.unlink(missing_ok=True)
    try:
        os.link(made, part)
    except OSError:  # another disk, or one without links
        _write(part, made.read_bytes())
    part.replace(target)
