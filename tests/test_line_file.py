"""A line's file: what it may say, and what is told of each fault."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import ivr
from ivr import prompts
from ivr.line.examine import Examined, examine
from ivr.line.model import Back, Recording, Say, ToMailbox, ToMenu, ToQueue
from ivr.line.read import read

SHARED = {"es": prompts.load().texts}
LINES = Path(ivr.__file__).parent / "lines"
SHIPPED = tuple(sorted(LINES.glob("*.yaml")))

GOOD = (LINES / "anm.yaml").read_text(encoding="utf-8")


def examined(source: str) -> Examined:
    (one,) = examine({"linea.yaml": source}, SHARED)
    return one


def changed(old: str, new: str, source: str = GOOD) -> str:
    assert source.count(old) == 1, old
    return source.replace(old, new)


def place(source: str, marker: str) -> int:
    (line,) = [number for number, row in enumerate(source.splitlines(), 1) if marker in row]
    return line


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_lines_have_no_fault(path: Path) -> None:
    (one,) = examine({path.name: path.read_text(encoding="utf-8")}, SHARED)
    assert one.faults == ()
    meant = ("se graba sin autorización", "cada mensaje se factura como")
    assert [said for said in one.advice if not any(each in said for each in meant)] == []


def test_shipped_lines_can_run_on_one_telephone_system() -> None:
    every = examine({path.name: path.read_text(encoding="utf-8") for path in SHIPPED}, SHARED)
    assert [one.line.name for one in every if one.line] == ["anm", "art", "art_soporte", "ciudadanos"]


def test_a_line_is_what_its_file_says() -> None:
    line = examined(GOOD).line
    assert line is not None
    assert (line.name, line.numbers, line.recording) == ("anm", ("018000933833", "6012201999"), Recording.CONSENTED)
    assert line.queue.name == "anm_atencion"
    tramites = line.menus["tramites"].options
    assert tramites["2"].to == Say(prompt="informacion_rucom", then=ToQueue(queue="anm_atencion"))
    assert tramites["9"].to == Back()
    assert line.menus["principal"].options["2"].to == ToMenu(menu="tramites")
    assert line.menus["tramites"].give_up == ToQueue(queue="anm_atencion"), "as key 0"
    assert line.closed.to == ToMailbox(mailbox="te_llamamos")
    assert line.areas["anm_zeta"].queue == "anm_zeta"
    assert line.queues["anm_zeta"].extension == "823"
    assert line.calendar.is_open(datetime(2026, 12, 24, 14, tzinfo=UTC))
    assert not line.calendar.is_open(datetime(2026, 12, 24, 18, tzinfo=UTC))
    assert line.texts["es"]["despedida"] == SHARED["es"]["despedida"]
    assert line.texts["es"]["consentimiento"] != SHARED["es"]["consentimiento"], "its own come first"


def test_the_edition_names_what_callers_meet() -> None:
    line, again = examined(GOOD).line, examined(GOOD).line
    other = examined(changed("Le damos la bienvenida a", "Bienvenidos a", GOOD)).line
    (newer,) = examine({"linea.yaml": GOOD}, {"es": {**SHARED["es"], "respaldo": "Un momento."}})
    assert line == again
    assert len({each.edition for each in (line, other, newer.line) if each}) == 3


FAULTS = {
    "unknown key": ("welcome: bienvenida", "welcom: bienvenida", "welcom", "no se conoce"),
    "key missing": ("entity: Agencia Nacional de Minería\n", "\n", "(todo el archivo)", "falta «entity»"),
    "key twice": ("recording: consented", "recording: never\nrecording: consented", "recording", "está repetida"),
    "option twice": (
        "      9: back",
        "      4: back",
        "4",
        "está repetida",
    ),
    "unknown queue": (
        "1: {title: Estado de una solicitud, queue: anm_solicitudes}",
        "1: {title: Estado de una solicitud, queue: solicitudes}",
        "1",
        "no existe la cola «solicitudes»; las que hay son: anm_atencion, anm_gestion_documental",
    ),
    "unknown menu": (
        "2: {title: Trámites mineros, menu: tramites}\n",
        "2: {title: Trámites mineros, menu: tramite}\n      4: {title: X, menu: tramites}\n",
        "2",
        "no existe el menú «tramite»; las que hay son: principal, tramites",
    ),
    "unknown mailbox": ("  to: {mailbox: te_llamamos}", "  to: {mailbox: tellamamos}", "closed", "no existe el buzón"),
    "unknown survey": (
        "    overflow: {queue: anm_atencion}\n    survey: anm_servicio",
        "    overflow: {queue: anm_atencion}\n    survey: anm_servicios",
        "survey",
        "no existe la encuesta «anm_servicios»",
    ),
    "unknown area": (
        "4: {title: Dónde atienden en persona, say: informacion_puntos}",
        "4: {title: Dónde atienden en persona, say: informacion_puntos, then: {area: zeta}}",
        "4",
        "no existe el área «zeta»",
    ),
    "text missing": (
        "prompt: menu_tramites",
        "prompt: menu_de_tramites",
        "prompt",
        "falta el texto «menu_de_tramites»",
    ),
    "text of another language only": ("texts:\n", "texts:\n  guc: {saludo: Jamaya}\n", "saludo", "no está en «es»"),
    "unspeakable": (
        "Le damos la bienvenida a",
        "100 % bienvenida a",
        "bienvenida",
        "el carácter '%' no se puede decir",
    ),
    "overlapping hours": (
        "friday: 08:00-16:00",
        "friday: 08:00-12:00, 11:00-16:00",
        "friday",
        "las horas se cruzan o no están en orden",
    ),
    "a day twice": ("friday: 08:00-16:00", "thursday-friday: 08:00-16:00", "thursday-friday", "ya tiene horas"),
    "a day that is none": ("2026-12-31: closed", "2026-12-32: closed", "2026-12-32", "escriba un día como"),
    "time zone": ("America/Bogota", "America/Macondo", "time_zone", "no es una zona horaria"),
    "0 is no person": (
        "      0: {title: Hablar con un asesor, queue: anm_atencion}\n    wrong",
        "      0: {title: Hablar con un asesor, say: informacion_puntos}\n    wrong",
        "0",
        "la tecla 0 debe llevar a una persona o a un buzón",
    ),
    "no 0": (
        "      9: back\n      0: {title: Hablar con un asesor, queue: anm_atencion}\n",
        "      9: back\n    give_up: {queue: anm_atencion}\n",
        "options",
        "falta la tecla 0",
    ),
    "giving up hangs up": ("give_up: {queue: anm_atencion}", "give_up: hangup", "give_up", "quien no logra elegir"),
    "key said, not there": (
        "Para volver … marque 9.",
        "Para volver … marque 8.",
        "prompt",
        "el texto «menu_tramites» ofrece la tecla 8, que no tiene opción",
    ),
    "menu nobody hears": (
        "2: {title: Trámites mineros, menu: tramites}",
        "2: {title: Trámites mineros, queue: anm_atencion}",
        "tramites",
        "ninguna opción lleva a este menú",
    ),
    "queue after hours": ("  to: {mailbox: te_llamamos}", "  to: {queue: anm_atencion}", "closed", "nadie atiende"),
    "start without a menu": (
        "start: {menu: principal}",
        "start: {say: informacion_puntos}",
        "start",
        "no hay menú a donde volver",
    ),
    "overflow turns round": (
        "    overflow: {mailbox: te_llamamos}",
        "    overflow: {queue: anm_solicitudes}",
        "overflow",
        "vuelve a una cola por la que ya pasó",
    ),
    "no overflow": ("    overflow: {queue: anm_atencion}\n", "", "longest_wait_seconds", "falta «overflow»"),
    "extension twice": ('extension: "811"', 'extension: "810"', "extension", "la extensión 810 ya está en uso"),
    "area as a queue": ("  anm_zeta:", "  anm_atencion:", "anm_atencion", "ya hay una cola con este nombre"),
    "mailbox without telephone": ("      - phone\n", "", "fields", "falta «phone»"),
    "field twice": ("      - phone\n", "      - phone\n      - phone\n", "fields", "«phone» está dos veces"),
    "subject without subjects": ("      - subject\n", "", "te_llamamos", "«subject» y «subjects» van juntos"),
    "first language": (
        "    es: {title: Español, key: 1",
        "    en: {title: Español, key: 1",
        "languages",
        "el primer idioma",
    ),
    "language key twice": ("Wayuunaiki, key: 2", "Wayuunaiki, key: 1", "guc", "la tecla 1 ya elige otro idioma"),
    "consent key twice": (
        "  question: consentimiento_pregunta",
        "  question: consentimiento_pregunta\n  accept_key: 2",
        "consent",
        "la tecla 2 acepta y rechaza",
    ),
    "disposition twice": ("      muda: {", "      zeta: {", "dispositions", "«zeta» está dos veces en el árbol"),
    "number": ('"6012201999"', '"601 2201999"', "numbers", "un número telefónico solo con cifras"),
    "account": (
        'extension: "810"',
        'extension: "810"\n    members: [asesor1, "a;b"]',
        "members",
        "la cuenta de un asesor",
    ),
    "two destinations": (
        "1: {title: Estado de una solicitud, queue: anm_solicitudes}",
        "1: {title: Estado de una solicitud, queue: anm_solicitudes, menu: tramites}",
        "1",
        "escriba uno, y solo uno",
    ),
    "key of a menu": ("      9: back", "      '*': back", "*", "la tecla * repite el menú"),
    "title": ("title: Trámites mineros\n", 'title: "Trámites\\u0007"\n', "title", "sin caracteres de control"),
    "scale": (
        "satisfaccion: {title",
        "satisfaccion: {scale: 1-7, title",
        "scale",
        "escriba uno de: 1-5, 1-4, yes-no, comment",
    ),
}


@pytest.mark.parametrize(("old", "new", "key", "mend"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_once_with_its_place_and_mend(old: str, new: str, key: str, mend: str) -> None:
    source = changed(old, new)
    one = examined(source)
    assert one.line is None
    told = [fault for fault in one.faults if mend in fault]
    assert len(told) == 1, one.faults
    assert f", clave «{key}»: " in told[0]
    assert told[0].startswith("linea.yaml, línea ")


def test_the_place_is_the_line_of_the_fault() -> None:
    source = changed('"6012201999"', '"x"')
    (fault,) = examined(source).faults
    where = f"linea.yaml, línea {place(source, 'numbers:')}, clave «numbers»: "
    assert fault == f"{where}escriba un número telefónico solo con cifras, de 3 a 15; no «x»"


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    source = GOOD
    for old, new, _, _ in (
        FAULTS[name]
        for name in ("unknown queue", "overlapping hours", "number", "text missing", "scale", "a day that is none")
    ):
        source = changed(old, new, source)
    one = examined(source)
    lines = [int(fault.split("línea ")[1].split(",")[0]) for fault in one.faults]
    assert len(lines) == 6
    assert lines == sorted(lines)


def test_what_cannot_be_read_is_not_told_as_unknown_too() -> None:
    source = changed("  anm_solicitudes:\n    title: Estado de solicitudes\n", "  anm_solicitudes:\n    title:\n")
    assert len(examined(source).faults) == 1


def test_a_file_that_is_not_yaml_is_told_with_its_line() -> None:
    (fault,) = examined("name: anm\n  title: [").faults
    assert fault.startswith("linea.yaml, línea 2: no es YAML")


def test_several_lines_do_not_share_numbers_queues_or_extensions() -> None:
    other = GOOD.replace("name: anm\n", "name: otra\n", 1)
    first, second = examine({"a.yaml": GOOD, "b.yaml": other}, SHARED)
    assert first.faults == ()
    assert any("el número 018000933833 ya es de la línea" in fault for fault in second.faults)
    assert any("«anm_atencion» ya es de la línea" in fault for fault in second.faults)
    assert any("la extensión 810 ya es de la línea" in fault for fault in second.faults)
    same, again = examine({"a.yaml": GOOD, "b.yaml": GOOD}, SHARED)
    assert same.faults == ()
    assert any("el nombre «anm» ya es de la línea" in fault for fault in again.faults)


@pytest.mark.parametrize(
    ("old", "new", "advice"),
    [
        ("Un asesor le explica cómo hacerlo.", "Un asesor " + "muy " * 20 + "amable.", "una frase tiene 23 palabras"),
        ("Un asesor le explica cómo hacerlo.", "Otra tecla es inválida.", "no diga «inválida»"),
        ("      9: back", "      5: {title: X, queue: anm_zeta}\n      9: back", "hay 5 opciones; deje 4 y la tecla 0"),
        (
            "      9: back",
            "      8: {title: X, queue: anm_zeta}\n      9: back",
            "el texto «menu_tramites» no dice esta tecla",
        ),
        ("Para volver … marque 9.", "Para volver a lo que oyó antes, " * 8 + "… marque 9.", "el menú dura más de 20 s"),
        (
            "Le damos la bienvenida a la Agencia",
            "Le damos a usted y a todas las personas la más cordial bienvenida a la Agencia",
            "la bienvenida dura más de 5 s",
        ),
        ("recording: consented", "recording: always", "se graba sin autorización"),
        (
            "      confianza: {",
            "      otra: {title: Otra, prompt: encuesta_confianza}\n      confianza: {",
            "tiene 4 preguntas",
        ),
        ("texts:\n  es:\n", "texts:\n  es:\n    sobrante: Hola.\n", "este texto no se usa"),
    ],
)
def test_what_callers_find_hard_is_advice_and_the_line_may_be_published(old: str, new: str, advice: str) -> None:
    one = examined(changed(old, new))
    assert one.line is not None, one.faults
    assert len([said for said in one.advice if advice in said]) == 1, one.advice


_FRAGMENTS = sorted({row.strip() for row in GOOD.splitlines() if row.strip() and not row.startswith("#")})
_HOSTILE = st.sampled_from(
    [
        *("&a [*a]", "*x", "!!python/object:os.system", "{", "[" * 50, "\x00", "? :", "- - -", "~", "2026-13-45", "'"),
        *("${SHELL(id)}", "../../etc/passwd", "America", "a" * 300, "٣", "0x10", "1e9", "-1", "<<: {}", "%YAML 9"),
        *("\u2028", "\ufeff", "🙂"),
    ]
)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(st.one_of(st.sampled_from(_FRAGMENTS), _HOSTILE, st.text(max_size=20)), max_size=30).map("\n".join),
    )
)
def test_no_text_makes_the_reader_crash(source: str) -> None:
    one = examined(source)
    assert one.line is not None or one.faults


def _scalars(node: yaml.Node | None) -> list[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        return [node]
    assert node is not None
    inside = [each for pair in node.value for each in (pair if isinstance(pair, tuple) else (pair,))]
    return [scalar for each in inside for scalar in _scalars(each)]


_NODES = _scalars(yaml.compose(GOOD, yaml.SafeLoader))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(_NODES), st.one_of(_HOSTILE, st.text(max_size=30), st.integers().map(str)))
def test_no_single_value_makes_the_reader_crash(node: yaml.ScalarNode, value: str) -> None:
    one = examined(GOOD[: node.start_mark.index] + value + GOOD[node.end_mark.index :])
    assert one.line is not None or one.faults


@pytest.mark.parametrize(
    "source",
    [
        "[" * 100_000,
        "a: " * 10_000,
        "&a\na: *a",
        "x: &x {y: *x}\nmenus: *x",
        "dispositions: &d {a: {title: A, below: *d}}",
    ],
)
def test_a_file_that_nests_without_end_is_refused(source: str) -> None:
    assert examined(source).faults


def test_a_line_holds_nothing_that_changes() -> None:
    line = examined(GOOD).line
    assert line is not None
    for each in (line, line.voice, line.consent, line.queue, *line.menus.values()):
        assert is_dataclass(each)
        with pytest.raises(FrozenInstanceError):
            setattr(each, fields(each)[0].name, "x")


def test_reading_alone_keeps_what_is_good_beside_a_fault() -> None:
    draft = read(changed("wrong: [menu_principal_otra_tecla, otra_tecla_2]", "wrong: [X, otra_tecla_2]"), "x", SHARED)
    assert draft.line.menus["principal"].retries.wrong == ("otra_tecla_2",)
    assert len(list(draft.faults)) == 1
