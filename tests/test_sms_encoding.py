"""What a text message costs, held against a peer and against the bills of a real report (ART-2019, 2.2.9)."""

import json

import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from contesta.sms import app
from core.errors import ConfigurationError
from core.sms import Encoding, cheaper, compose, costly, decode, encode

GSM7 = smsutil.codecs.GSM_CHARSET.replace("\x1b", "")
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"), max_size=200)
IN_TABLE = st.text(st.sampled_from(GSM7), max_size=400)
MOSTLY_PAIRS = st.text(st.sampled_from("a€{😀"), max_size=300)


@settings(max_examples=60)
@given(st.one_of(ANY, IN_TABLE, MOSTLY_PAIRS))
def test_segments_are_those_of_a_peer(text: str) -> None:
    composed, peer = compose(text), smsutil.split(text)
    assert len(composed.segments) == (len(peer.parts) if text else 0)
    assert "".join(composed.segments) == text


@settings(max_examples=60)
@given(st.one_of(ANY, IN_TABLE, MOSTLY_PAIRS))
def test_every_segment_fits_and_can_be_read_alone(text: str) -> None:
    composed = compose(text)
    room = composed.encoding.alone_units if len(composed.segments) == 1 else composed.encoding.joined_units
    for segment in composed.segments:
        octets = encode(segment, composed.encoding)
        assert len(octets) // (2 if composed.encoding is Encoding.UCS2 else 1) <= room
        assert decode(octets, composed.encoding) == segment


@given(st.binary(max_size=300), st.sampled_from(Encoding))
def test_any_octets_are_read(octets: bytes, encoding: Encoding) -> None:
    assert isinstance(decode(octets, encoding), str)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "gsm7", 0, 0),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("€" * 153, "gsm7", 306, 3),
        ("ñ¿¡é", "gsm7", 4, 1),
        ("á" * 70, "ucs2", 70, 1),
        ("á" * 71, "ucs2", 71, 2),
        ("á" * 134, "ucs2", 134, 2),
        ("á" * 135, "ucs2", 135, 3),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 67, "ucs2", 134, 3),
    ],
)
def test_segments_at_the_edges(text: str, encoding: str, units: int, segments: int) -> None:
    composed = compose(text)
    assert (composed.encoding, composed.units, len(composed.segments)) == (encoding, units, segments)


def test_pair_at_the_edge_of_a_segment_goes_to_the_next() -> None:
    assert compose("a" * 152 + "€" + "a" * 7).segments == ("a" * 152, "€" + "a" * 7)
    assert compose("á" * 66 + "😀" + "á" * 3).segments == ("á" * 66, "😀" + "á" * 3)


COLOSO = """
70
ART adelanta socializaciones del PDET con grupos motor de la Subregión Montes de María en el municipio de
Colosó, Sucre.

35
En cada municipio participan 11 delegados de los grupos motor con el fin de conocer el proceso
participativo del PDET

70
ART expone a los 11 delegados los avances en la gestión institucional y los esfuerzos del Gobierno
Nacional para la implementación

105
Con socializaciones ART se potencia la participación de las comunidades en la implementación de los
acuerdos y la ejecución de los PDET
"""


@pytest.mark.parametrize("message", COLOSO.strip().split("\n\n"))
def test_bill_of_coloso_is_that_of_the_report(message: str) -> None:
    """Thirty-five people, four messages; the report's lines say 70, 35, 70 and 105 segments, 280 in all."""
    billed, text = message.split("\n", 1)
    assert 35 * len(compose(text.replace("\n", " ")).segments) == int(billed)


def test_what_costs_is_named_with_what_could_stand_instead() -> None:
    found = costly("Pidió «cita» … mañana 😀 a las 3 — sí, allá")
    assert [(each.character, each.count, each.instead) for each in found] == [
        ("ó", 1, "o"),
        ("«", 1, '"'),
        ("»", 1, '"'),
        ("…", 1, "..."),
        ("😀", 1, ""),
        ("—", 1, "-"),
        ("í", 1, "i"),
        ("á", 1, "a"),
    ]
    assert cheaper("Pidió cita mañana, ¿sí?") == "Pidio cita mañana, ¿si?"
    assert cheaper("sí 😀") == "si 😀"


@given(ANY)
def test_what_stands_instead_never_costs_more_characters_that_force(text: str) -> None:
    assert {each.character for each in costly(cheaper(text))} <= {
        each.character for each in costly(text) if not each.instead
    }


def test_message_that_cannot_be_counted_or_sent_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="256 segmentos"):
        compose("a" * (153 * 255 + 1))
    with pytest.raises(ConfigurationError, match="carácter incompleto"):
        compose("a" * 10 + "\ud83d")


def test_cost_of_a_text_is_told_on_the_command_line() -> None:
    text = "Su cita es mañana a las 9. Si no puede venir, responda CANCELAR. Más información: 01 8000 123 456"
    shown = CliRunner().invoke(app, ["count", text])
    assert shown.output.splitlines() == [
        "2 segmentos en UCS-2, 97 unidades.",
        "Obligan a UCS-2: «á» por «a», «ó» por «o».",
        f"Con los cambios se ahorran 1 segmento por mensaje: «{cheaper(text)}»",
    ]
    told = json.loads(CliRunner().invoke(app, ["count", text, "--json"]).output)
    assert (told["encoding"], told["units"], told["segments"], told["cheaper_segments"]) == ("ucs2", 97, 2, 1)
