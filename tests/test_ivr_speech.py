"""Values as they are said: by table, and any value against the vocabulary and read back."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import BOGOTA
from ivr import speech
from ivr.speech import CODE_WORDS, LARGEST, Form

VOCABULARY = speech.vocabulary()


def said(phrases: speech.Phrases) -> str:
    return " ".join(phrases)


@pytest.mark.parametrize(
    ("value", "alone", "masculine", "feminine"),
    [
        (0, "cero", "cero", "cero"),
        (1, "uno", "un", "una"),
        (11, "once", "once", "once"),
        (16, "dieciséis", "dieciséis", "dieciséis"),
        (21, "veintiuno", "veintiún", "veintiuna"),
        (22, "veintidós", "veintidós", "veintidós"),
        (30, "treinta", "treinta", "treinta"),
        (31, "treinta y uno", "treinta y un", "treinta y una"),
        (99, "noventa y nueve", "noventa y nueve", "noventa y nueve"),
        (100, "cien", "cien", "cien"),
        (101, "ciento uno", "ciento un", "ciento una"),
        (200, "doscientos", "doscientos", "doscientas"),
        (521, "quinientos veintiuno", "quinientos veintiún", "quinientas veintiuna"),
        (1_000, "mil", "mil", "mil"),
        (1_001, "mil uno", "mil un", "mil una"),
        (21_000, "veintiún mil", "veintiún mil", "veintiuna mil"),
        (31_031, "treinta y un mil treinta y uno", "treinta y un mil treinta y un", "treinta y una mil treinta y una"),
        (100_000, "cien mil", "cien mil", "cien mil"),
        (200_200, "doscientos mil doscientos", "doscientos mil doscientos", "doscientas mil doscientas"),
        (1_000_000, "un millón", "un millón", "un millón"),
        (1_000_001, "un millón uno", "un millón un", "un millón una"),
        (21_000_000, "veintiún millones", "veintiún millones", "veintiún millones"),
        (101_001_001, "ciento un millones mil uno", "ciento un millones mil un", "ciento un millones mil una"),
        (1_000_000_000, "mil millones", "mil millones", "mil millones"),
    ],
)
def test_number(value: int, alone: str, masculine: str, feminine: str) -> None:
    assert [said(speech.number(value, form)) for form in Form] == [alone, masculine, feminine]


@pytest.mark.parametrize("value", [-1, LARGEST + 1])
def test_what_is_no_such_number_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="can be said"):
        speech.number(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "cero pesos"),
        (1, "un peso"),
        (21, "veintiún pesos"),
        (21_000, "veintiún mil pesos"),
        (641_430, "seiscientos cuarenta y un mil cuatrocientos treinta pesos"),
        (1_000_000, "un millón de pesos"),
        (1_000_001, "un millón un pesos"),
        (2_000_000, "dos millones de pesos"),
        (1_500_000, "un millón quinientos mil pesos"),
        (1_000_000_000, "mil millones de pesos"),
    ],
)
def test_money(value: int, text: str) -> None:
    assert said(speech.pesos(value)) == text


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("", ""),
        ("7", "siete"),
        ("1023", "uno cero dos … tres"),
        ("900123456", "nueve cero cero … uno dos tres … cuatro cinco seis"),
    ],
)
def test_digits_are_said_one_by_one_in_threes(digits: str, text: str) -> None:
    assert said(speech.digits(digits)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("3001234567", "tres cero cero … uno dos tres … cuatro cinco seis siete"),
        ("6011234567", "seis cero uno … uno dos tres … cuatro cinco seis siete"),
    ],
)
def test_telephone_is_said_3_3_4(number: str, text: str) -> None:
    assert said(speech.telephone(number)) == text


def test_code_is_said_with_a_word_for_each_letter() -> None:
    assert said(speech.code("A4X")) == "a de Ana … cuatro … equis"


def test_codes_have_no_characters_that_look_alike() -> None:
    assert not set("B8 D0OQ G6 IL1 S5 UV Z2".replace(" ", "")) & set(CODE_WORDS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2025, 6, 3), "martes tres de junio"),
        (date(2025, 8, 1), "viernes primero de agosto"),
        (date(2024, 2, 29), "jueves veintinueve de febrero"),
        (date(2025, 12, 31), "miércoles treinta y uno de diciembre"),
    ],
)
def test_day(value: date, text: str) -> None:
    assert said(speech.day(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (time(0, 0), "doce de la noche"),
        (time(0, 5), "doce y cinco de la noche"),
        (time(1, 0), "una de la mañana"),
        (time(8, 0), "ocho de la mañana"),
        (time(12, 0), "doce del día"),
        (time(12, 30), "doce y media del día"),
        (time(13, 15), "una y cuarto de la tarde"),
        (time(14, 5), "dos y cinco de la tarde"),
        (time(16, 45), "cuatro y cuarenta y cinco de la tarde"),
        (time(19, 0), "siete de la noche"),
        (time(23, 59), "once y cincuenta y nueve de la noche"),
    ],
)
def test_time(value: time, text: str) -> None:
    assert said(speech.clock(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2025, 6, 2, 14, 30, tzinfo=BOGOTA), "hoy a las dos y media de la tarde"),
        (datetime(2025, 6, 3, 8, tzinfo=BOGOTA), "mañana martes a las ocho de la mañana"),
        (datetime(2025, 6, 4, 13, tzinfo=BOGOTA), "el miércoles cuatro de junio a la una de la tarde"),
        (datetime(2025, 7, 1, 8, tzinfo=BOGOTA), "el martes primero de julio a las ocho de la mañana"),
    ],
)
def test_moment_from_a_monday_at_seven(value: datetime, text: str) -> None:
    assert said(speech.moment(value, datetime(2025, 6, 2, 7, tzinfo=BOGOTA))) == text


@pytest.mark.parametrize(
    ("least", "most", "text"),
    [
        (0, 0, "menos de un minuto"),
        (0, 60, "menos de un minuto"),
        (0, 61, "de uno a dos minutos"),
        (480, 720, "de ocho a doce minutos"),
        (500, 500, "de ocho a nueve minutos"),
        (600, 600, "de diez a once minutos"),
        (1_260, 1_860, "de veintiuno a treinta y un minutos"),
        (3_000, 3_600, "de cincuenta a sesenta minutos"),
        (3_600, 3_600, "más de una hora"),
        (2_400, 4_000, "más de cuarenta minutos"),
        (90, 9_000, "más de un minuto"),
        (9_000, 9_000, "más de una hora"),
    ],
)
def test_wait_is_a_range(least: float, most: float, text: str) -> None:
    assert said(speech.wait(least, most)) == text


WORTH = {speech.number(value, form)[0]: value for form in Form for value in range(100)} | {
    phrase: 100 * hundreds
    for hundreds in range(1, 10)
    for form in Form
    for phrase in [speech.number(100 * hundreds + 1, form)[0]]
}


def worth(phrases: speech.Phrases) -> int:
    """Read a number back from how it is said."""
    millions = thousands = units = 0
    for phrase in phrases:
        match phrase:
            case "un millón":
                millions = 1
            case "millones":
                millions, thousands, units = 1_000 * thousands + units, 0, 0
            case "mil":
                thousands, units = units or 1, 0
            case "cien":
                units += 100
            case _:
                units += WORTH[phrase]
    return 1_000_000 * millions + 1_000 * thousands + units


@given(st.integers(0, LARGEST), st.sampled_from(Form))
def test_any_number_is_in_the_vocabulary_and_reads_back(value: int, form: Form) -> None:
    phrases = speech.number(value, form)
    assert set(phrases) <= set(VOCABULARY.values())
    assert worth(phrases) == value


@given(
    st.integers(0, LARGEST),
    st.text("0123456789", max_size=15),
    st.text(sorted(CODE_WORDS), max_size=8),
    st.datetimes(timezones=st.just(BOGOTA)),
    st.timedeltas(timedelta(), timedelta(days=400)),
    st.tuples(st.floats(0, 20_000), st.floats(0, 20_000)),
)
def test_any_value_is_in_the_vocabulary(
    amount: int, keys: str, code: str, now: datetime, ahead: timedelta, wait: tuple[float, float]
) -> None:
    moment = now + ahead if now < datetime(9998, 1, 1, tzinfo=BOGOTA) else now
    for phrases in (
        speech.pesos(amount),
        speech.digits(keys),
        speech.telephone(keys),
        speech.code(code),
        speech.day(now.date()),
        speech.clock(now.time()),
        speech.moment(moment, now),
        speech.wait(min(wait), max(wait)),
    ):
        assert set(speech.prompts(phrases)) <= VOCABULARY.keys()


def test_phrases_have_prompts_of_their_own() -> None:
    assert len(set(VOCABULARY.values())) == len(VOCABULARY)
    assert speech.prompts(("veintiún", "miércoles")) == ("voz/veintiun", "voz/miercoles", "voz/pausa")
