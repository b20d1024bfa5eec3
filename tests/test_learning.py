"""Knowledge tests and training: files, attempts, and the tables of ART-2019's sections 5 and 6 from the same facts."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from contesta.cli import app
from contesta.learning import results, training_file
from contesta.learning.text import hours, of_test, of_training
from core.calendar import BOGOTA
from core.errors import ConfigurationError
from quality.learning.knowledge import AttemptError, KnowledgeTest, Question, grade
from quality.learning.knowledge_text import ART_2019, load, parse, write
from storage.database import connect
from storage.knowledge import Knowledge
from storage.migrate import upgrade
from storage.people import Acceptance, Invitation, NewPerson, People
from storage.trainings import Trainings

TEST = load(ART_2019)
RIGHT = {each.id: each.right for each in TEST.questions}
DAY = date(2019, 9, 20)
NOW = datetime(2019, 9, 20, 15, 0, tzinfo=UTC)
LAURA, ANDRES = "Laura Peña", "Andrés Gil"
NO_BREAK = "\N{NO-BREAK SPACE}"

TABLE_23 = """fecha;tema;lugar;formador;horas;asesores
23/09/2019;Capacitación "Relaciones Humanas";IQ Outsourcing;Gestión Humana;2 horas;Laura Peña|Andrés Gil
25/09/2019;Capacitación "Relaciones Humanas";IQ Outsourcing;Gestión Humana;2 horas;Laura Peña|Andrés Gil
2019-09-27;Taller de Estilos de Aprendizaje y Dominancia Cerebral;IQ Outsourcing;Gestión Humana;2;Laura Peña|Andrés Gil
27/09/2019;Capacitación con el cliente "PQRS";IQ Outsourcing;ART;1 hora;Laura Peña|Andrés Gil
"""
"""The four sessions of the report; it names nobody, and says that all of the staff were there."""


def written(text: str, folder: Path, name: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def hired(engine: Engine, *agents: str) -> None:
    people, now = People(engine), NOW
    for agent in agents:
        digest = agent.encode().ljust(32)[:32]
        invited = Invitation(digest=digest, expires_at=now + timedelta(days=1))
        people.add(
            NewPerson(login=agent.lower().replace(" ", "."), name=agent, role="adviser", agent=agent), invited, now
        )
        chosen = Acceptance(name=agent, password_hash="-", factor_seed=None, factor_step=0)
        people.accept(digest, chosen, now)


def taken(known: Knowledge, agent: str, wrong: tuple[str, ...] = ()) -> None:
    attempt = known.start(TEST.id, agent, DAY, NOW)
    bad = {number: frozenset(each.letter for each in _question(number).options) - RIGHT[number] for number in wrong}
    one = {number: frozenset(sorted(letters)[:1]) for number, letters in bad.items()}
    known.finish(attempt.number, agent, RIGHT | one, DAY, NOW)


def _question(number: str) -> Question:
    return next(each for each in TEST.questions if each.id == number)


def test_report_of_september_prints_its_tables_24_and_23(engine: Engine, tmp_path: Path) -> None:
    """Ten questions, both advisers right in all: 100 %; four sessions of seven hours that reached everybody."""
    hired(engine, LAURA, ANDRES)
    known = Knowledge(engine)
    assert known.load(TEST, NOW)
    taken(known, LAURA)
    taken(known, ANDRES)
    (told,) = results.knowledge(engine, "2019-09", BOGOTA).tests
    assert [f"Pregunta {each.id}" for each in told.questions] == [f"Pregunta {number}" for number in range(1, 11)]
    assert told.questions[0].text == '¿Cuál es el fin de la "Política de Servicio al Ciudadano"?'
    assert all((each.right.numerator, each.right.denominator) == (2, 2) for each in told.questions)
    assert of_test(told) == (
        f"Promedio general: 100,00{NO_BREAK}% (20/20). La presentaron 2 de 2 asesores; aprobaron 2 de 2."
    )
    assert Trainings(engine).add(training_file.load(written(TABLE_23, tmp_path, "c.csv")), "marta", NOW) == 4
    held = results.training(engine, "2019-09", BOGOTA)
    assert [(f"{one.day:%d/%m/%Y}", one.subject, one.place, hours(one.minutes)) for one in held.sessions] == [
        ("23/09/2019", 'Capacitación "Relaciones Humanas"', "IQ Outsourcing", "2 horas"),
        ("25/09/2019", 'Capacitación "Relaciones Humanas"', "IQ Outsourcing", "2 horas"),
        ("27/09/2019", "Taller de Estilos de Aprendizaje y Dominancia Cerebral", "IQ Outsourcing", "2 horas"),
        ("27/09/2019", 'Capacitación con el cliente "PQRS"', "IQ Outsourcing", "1 hora"),
    ]
    assert of_training(held) == "4 capacitaciones, 7 horas de formación. Llegaron a 2 de 2 asesores."
    assert [(one.agent, one.sessions, one.minutes) for one in held.advisers] == [(ANDRES, 4, 420), (LAURA, 4, 420)]
    assert results.training(engine, "2019-10", BOGOTA).sessions == []
    assert results.knowledge(engine, "2019-10", BOGOTA).tests == []


def test_average_is_of_all_points_and_the_best_attempt_counts(sqlite_engine: Engine) -> None:
    engine = sqlite_engine
    hired(engine, LAURA, ANDRES, "Eva Mora")
    known = Knowledge(engine)
    known.load(TEST, NOW)
    taken(known, LAURA, ("1", "2", "3"))
    taken(known, LAURA, ("4",))
    taken(known, ANDRES, ("1", "2", "3"))
    (told,) = results.knowledge(engine, "2019-09", BOGOTA).tests
    assert [(one.agent, one.attempts, one.score and one.score.numerator, one.passed) for one in told.advisers] == [
        (ANDRES, 1, 7, False),
        ("Eva Mora", 0, None, None),
        (LAURA, 2, 9, True),
    ]
    assert (told.average.numerator, told.average.denominator) == (16, 20)
    assert (told.participation.numerator, told.participation.denominator) == (2, 3)
    assert told.questions[3].right.numerator == 1, "of the best attempts: Laura's second has 4 wrong"


def test_attempt_is_kept_resumed_finished_once_and_limited(engine: Engine) -> None:
    known = Knowledge(engine)
    known.load(TEST, NOW)
    first = known.start(TEST.id, LAURA, DAY, NOW)
    known.answer(first.number, LAURA, {"1": frozenset("a"), "3": frozenset("ab")}, DAY)
    known.answer(first.number, LAURA, {"1": frozenset("b"), "3": frozenset()}, DAY)
    again = known.start(TEST.id, LAURA, DAY, NOW)
    assert (again.number, again.answers) == (first.number, {"1": frozenset("b")}), "it goes on where it was"
    for wrong, words in (
        ({"1": frozenset("z")}, "no está en la pregunta 1"),
        ({"11": frozenset("a")}, "no está en la pregunta 11"),
        ({"1": frozenset("ab")}, "una sola respuesta"),
    ):
        with pytest.raises(AttemptError, match=words):
            known.answer(first.number, LAURA, wrong, DAY)
    with pytest.raises(AttemptError, match="no hay un intento suyo"):
        known.answer(first.number, ANDRES, RIGHT, DAY)
    with pytest.raises(AttemptError, match="faltan preguntas por responder: 2, 3"):
        known.finish(first.number, LAURA, {}, DAY, NOW)
    with pytest.raises(AttemptError, match="hasta el 2019-09-30"):
        known.finish(first.number, LAURA, RIGHT, date(2019, 10, 1), NOW)
    assert known.finish(first.number, LAURA, RIGHT, DAY, NOW).grade.passed
    with pytest.raises(AttemptError, match="ya se entregó"):
        known.answer(first.number, LAURA, RIGHT, DAY)
    taken(known, LAURA)
    with pytest.raises(AttemptError, match="ya usó los 2 intentos"):
        known.start(TEST.id, LAURA, DAY, NOW)
    with pytest.raises(AttemptError, match="no se puede presentar hoy"):
        known.start(TEST.id, ANDRES, date(2019, 10, 1), NOW)
    assert known.find(first.number, ANDRES) is None


def test_version_that_was_loaded_is_not_changed(sqlite_engine: Engine) -> None:
    known = Knowledge(sqlite_engine)
    assert known.load(TEST, NOW)
    assert not known.load(parse(write(TEST), "again"), NOW), "to the letter the same"
    with pytest.raises(ConfigurationError, match="escriba «version: 2»"):
        known.load(replace(TEST, attempts=3), NOW)
    with pytest.raises(ConfigurationError, match="debe comenzar después"):
        known.load(replace(TEST, version=2), NOW)
    later = replace(TEST, version=2, valid_from=date(2019, 9, 15), attempts=1)
    assert known.load(later, NOW)
    assert [one.version for one in known.in_force(date(2019, 9, 14))] == [1]
    assert [one.version for one in known.in_force(DAY)] == [2]


def test_question_is_right_only_with_all_its_options_and_points_weigh() -> None:
    heavy = replace(
        TEST, questions=(*TEST.questions[:9], replace(TEST.questions[9], points=11)), pass_mark=Fraction(1, 2)
    )
    part = RIGHT | {"3": frozenset("ab")}
    assert (grade(TEST, part).points, grade(TEST, part).right) == (9, frozenset(RIGHT) - {"3"})
    assert grade(TEST, RIGHT | {"3": frozenset("abcd")}).points == 9
    assert (grade(heavy, {"10": RIGHT["10"]}).points, grade(heavy, {"10": RIGHT["10"]}).passed) == (11, True)
    assert not grade(heavy, {key: RIGHT[key] for key in ("1", "2")}).passed
    assert grade(replace(TEST, pass_mark=Fraction(9, 10)), part).passed, "exactly the mark is enough"


FAULTS = """id: Prueba
version: 1
title: T
source: S
valid_from: 2019-09-30
valid_to: 2019-09-01
pass_mark: 80 %
attempts: 2
questions:
  - id: 1
    text: ¿A?
    options: { a: Sí, b: No }
    right: c
  - id: 1
    text: ¿B?
    options: { a: Sí }
    right: a
  - id: 3
    text: ¿C?
    options: { a: Sí, B: No }
    right: a
    punto: 2
"""


def test_file_with_faults_names_key_and_mend_of_each() -> None:
    with pytest.raises(ConfigurationError) as first:
        parse(FAULTS, "e.yaml")
    assert str(first.value) == (
        "e.yaml, línea 6, clave «valid_to»: termina antes de comenzar (2019-09-30); corrija uno de los dos días"
    )
    with pytest.raises(ConfigurationError) as second:
        parse(FAULTS.replace("09-01", "10-30").replace("Prueba", "prueba"), "e.yaml")
    assert str(second.value).splitlines() == [
        "e.yaml, línea 13, clave «right»: no hay opción «c»; las que hay son: a, b",
        "e.yaml, línea 14, clave «id»: el número 1 ya está en la línea 10; dé otro",
        "e.yaml, línea 20, clave «B»: las opciones se nombran con una letra de «a» a «h», no «B»",
        "e.yaml, línea 22, clave «punto»: no se conoce; las que hay son: id, text, options, right, points",
    ]


def test_training_file_is_taken_whole_or_not_at_all(sqlite_engine: Engine, tmp_path: Path) -> None:
    bad = TABLE_23.replace("25/09/2019", "31/09/2019").replace("1 hora", "pronto").replace("ART;", ";")
    with pytest.raises(ConfigurationError) as wrong:
        training_file.load(written(bad, tmp_path, "malo.csv"))
    assert str(wrong.value).splitlines() == [
        "malo.csv, línea 3, columna «fecha»: escriba un día como 23/09/2019",
        "malo.csv, línea 5, columna «horas»: escriba las horas, como 2 o 1,5; hasta 24",
        "malo.csv, línea 5, columna «formador»: escriba de 1 a 200 caracteres, en una línea",
    ]
    with pytest.raises(ConfigurationError, match="las columnas son"):
        training_file.load(written("fecha;tema\n", tmp_path, "corto.csv"))
    trainings = Trainings(sqlite_engine)
    good = training_file.load(written(TABLE_23, tmp_path, "c.csv"))
    assert (trainings.add(good, "marta", NOW), trainings.add(good, "otra", NOW)) == (4, 0)
    with pytest.raises(ConfigurationError, match="ya está, con otros datos"):
        trainings.add([replace(good[0], subject="Nueva"), replace(good[0], minutes=60)], "marta", NOW)
    held = trainings.between(date(2019, 9, 1), date(2019, 9, 30))
    assert len(held) == 4, "nothing of a list with a contradiction is kept"
    assert trainings.change(held[0].number, replace(good[0], minutes=90, agents=frozenset({LAURA})), "eva", NOW)
    with pytest.raises(ConfigurationError, match="ya está; cambie"):
        trainings.change(held[0].number, good[1], "eva", NOW)
    assert [one.training.minutes for one in trainings.of(ANDRES)] == [60, 120, 120]
    assert trainings.remove(held[3].number)
    assert not trainings.remove(held[3].number)
    assert results.training(sqlite_engine, "2019-09", BOGOTA).minutes == 330


def test_commands_tell_what_the_api_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTESTA_DATA_DIR", str(tmp_path))
    engine = connect(f"sqlite:///{tmp_path / 'contesta.db'}")
    upgrade(engine)
    file = written(TABLE_23, tmp_path, "c.csv")

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    assert said("knowledge", "check", str(ART_2019)).startswith("Correcta: servicio-al-ciudadano, versión 1. 10 pre")
    assert "Cargada: " in said("knowledge", "load", str(ART_2019))
    assert "Ya estaba, igual: " in said("knowledge", "load", str(ART_2019))
    assert "Cargadas: 4. Ya estaban, iguales: 0." in said("training", "load", str(file))
    taken(Knowledge(engine), LAURA)
    told = json.loads(said("knowledge", "results", "--month", "2019-09", "--json"))
    assert told == json.loads(results.knowledge(engine, "2019-09", BOGOTA).model_dump_json())
    assert told["tests"][0]["average"] == {"value": 1.0, "numerator": 10, "denominator": 10}
    assert json.loads(said("training", "list", "--month", "2019-09", "--json"))["minutes"] == 420
    assert "7 horas" in said("training", "list", "--month", "2019-09")
    assert "Promedio general: 100,00" in said("knowledge", "results", "--month", "2019-09")
    engine.dispose()


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("2", 120), ("1,5", 90), ("0,25 h", 15), ("24", 1440), ("25", None), ("0", None), ("1,33", None)],
)
def test_hours_are_whole_minutes_of_a_day(said: str, minutes: int | None) -> None:
    assert training_file.read_hours(said) == minutes
    if minutes and minutes != 15:
        assert training_file.read_hours(hours(minutes)) == minutes


def test_shipped_test_reads_what_it_writes() -> None:
    again: KnowledgeTest = parse(write(TEST), "written")
    assert again == TEST
