"""The table of call scenarios once more, over real telephones; both must agree on what is heard, what is stored, and
where the call ends.

All rows are played at once on one Asterisk: SIPp's calls with RFC 4733 digits, the real scripts and queues, advisers
who answer. What a caller hears is recorded at their receiver and recognised by matched filtering against the published
prompts, so that one which is missing, cut or out of place is a difference.

Callers press when a question has been said (`tests.telephone_calls`), not by a clock: a machine under load makes a call
longer, not different. Where sound is lost all the same, those calls are made once more, by themselves: what is wrong
twice is wrong. Rows whose prompts take longer than `LONGEST_SECONDS` call a second line, made of the same file:
its texts are but their own names, its silences and waits are shorter. No row is left to the scripted world alone.
"""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from contesta.lines import examine_files
from core.numbers import ANONYMOUS
from ivr import speech
from ivr.dialogs.offer import Wait
from ivr.line.exchange import END
from ivr.line.model import SPANISH, Line
from telephony.phone.audio import write_wav
from tests.call_flow import Telephone, Told, moment
from tests.call_scenarios import SCENARIOS, Scenario
from tests.line_stage import EXAMPLES, telephone_system
from tests.listening import RATE_HZ, Ear, prompts_in
from tests.telephone_calls import Telephones, number_of

LONGEST_SECONDS = 100.0
WHILE_WAITING = {"cola_siguiente", "cola_turno", "ocupados", "oferta_devolucion_tecla"}
"""What a queue says by itself; how much of it is heard depends on how soon the caller leaves."""
SHORT = """voice:
  first_silence_seconds: 3
  next_silence_seconds: 3
  first_digit_seconds: 3
  first_document_digit_seconds: 3
"""


DIGITS = "cero uno dos tres cuatro cinco seis siete ocho nueve".split()  # noqa: SIM905  a row of words


def short(source: str, line: Line) -> str:
    """Make the file of a line that is quicker to call."""
    before, _ = source.split("\ntexts:\n")
    before = before.replace("anm_", "corta_").replace("name: anm", "name: corta")
    before = before.replace('"018000933833", "6012201999"', '"018000933834"')
    before = re.sub(r'extension: "8', 'extension: "7', before)
    before = re.sub(r"longest_wait_seconds: \d+", "longest_wait_seconds: 30", before)
    texts = (f"    {name}: {name.replace('_', ' ').capitalize()}." for name in line.texts[SPANISH])
    return "\n".join((before, SHORT, "texts:", "  es:", *texts, ""))


class Both:
    """The rows as they were told by both worlds, and the ears for the lines that were called."""

    def __init__(self, folder: Path) -> None:
        sources = {name: (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8") for name in ("anm", "ciudadanos")}
        (examined,) = examine_files([EXAMPLES / "anm.yaml"])
        assert examined.line
        sources["corta"] = short(sources["anm"], examined.line)
        with telephone_system({f"{name}.yaml": text for name, text in sources.items()}, in_full=True) as stage:
            lines = {line.name: line for line in stage.lines}
            telephone = Telephone({name: (line, sources[name]) for name, line in lines.items()}, folder)
            self.scripted = {each.name: scripted(telephone, each, order) for order, each in enumerate(SCENARIOS)}
            values = {said for told in self.scripted.values() for said in told.heard if said.startswith(speech.FOLDER)}
            values |= {speech.prompt(phrase) for phrase in (*DIGITS, *speech.CODE_WORDS.values())}
            sounds = {
                name: prompts_in(stage.settings.sounds_dir / SPANISH / line.sounds, *sorted(values))
                for name, line in lines.items()
            }
            self.ears = {name: Ear(prompts) for name, prompts in sounds.items()}

            def called(each: Scenario) -> Line:
                said = sum(len(sounds[each.line][prompt]) for prompt in self.scripted[each.name].heard) / RATE_HZ
                return lines["corta" if each.line == "anm" and said > LONGEST_SECONDS else each.line]

            self.real = dict(Telephones(stage, [(each, called(each)) for each in SCENARIOS], folder).play(self.ears))
            if again := [(each, called(each)) for each in SCENARIOS if not self.agree(each)]:
                self.scripted |= {each.name: scripted(telephone, each, order) for order, (each, _) in enumerate(again)}
                (folder / "again").mkdir()
                self.real |= Telephones(stage, again, folder / "again").play(self.ears)

    def told(self, each: Scenario) -> tuple[str, str]:
        """What became of a call, over the telephone and as it was scripted."""
        scripted, real = self.scripted[each.name], self.real[each.name].told
        ear = self.ears[real.line.name]
        despedida = ["despedida"] if scripted.ends == END else []  # the dialplan's
        return outcome(real, real.heard, ear), outcome(scripted, [*scripted.heard, *despedida], ear)

    def agree(self, each: Scenario) -> bool:
        """Tell whether both worlds agree on a call."""
        told, expected = self.told(each)
        return told == expected


def scripted(telephone: Telephone, each: Scenario, order: int) -> Told:
    number = ANONYMOUS if each.number == ANONYMOUS else f"+57{number_of(each, order)}"
    wait = Wait(*each.wait) if each.wait else None
    return telephone.call(each.line, each.actions, at=moment(each.at), wait=wait, number=number)


def outcome(told: Told, heard: Iterable[str], ear: Ear) -> str:
    """Write what became of a call, as both worlds can tell it."""
    names = (ear.name(prompt) for prompt in heard)
    said = " ".join(name for name in names if name and name not in WHILE_WAITING)
    for request in told.requests:
        code = " ".join(map(ear.name, speech.prompts(speech.code(request.code))))
        said = said.replace(f"{ear.name('buzon_codigo')} {' '.join(code.split())}", "buzon_codigo <its code>")
    rows = [
        *("heard:", *said.split()),
        f"cut short: {' '.join(map(ear.name, told.cut))}",
        *("log:", *(re.sub(r"\|(?!0\.0$)\d+\.\d$", "|cut short", row) for row in told.log)),
        f"ends: {told.ends} {told.stands}",
        f"queues: {' '.join(told.queues)}",
        f"records: {told.records}",
        f"language: {told.language}",
        f"left: {told.left}",
    ]
    return "\n".join(rows).replace("corta_", "anm_")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return Both(tmp_path_factory.mktemp("calls"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_both_worlds_agree(both: Both, scenario: Scenario, tmp_path: Path) -> None:
    real = both.real[scenario.name].told
    told, expected = both.told(scenario)
    if told != expected:
        write_wav(tmp_path / "heard.wav", both.real[scenario.name].audio)
        differs = "\n".join(difflib.ndiff(expected.splitlines(), told.splitlines()))
        heard = "\n".join(map(str, both.real[scenario.name].heard))
        pytest.fail(f"{tmp_path}/heard.wav: {real.line.name}\n{differs}\n{heard}", pytrace=False)
