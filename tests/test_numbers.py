import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.numbers import ANONYMOUS, Origin, is_normal, masked, normalise, origin


@pytest.mark.parametrize(
    ("raw", "number", "kind"),
    [
        ("3001234567", "+573001234567", Origin.MOBILE),
        ("573001234567", "+573001234567", Origin.MOBILE),
        ("+57 300 123 4567", "+573001234567", Origin.MOBILE),
        ("0057 300 123-4567", "+573001234567", Origin.MOBILE),
        ("6015551234", "+576015551234", Origin.FIXED),
        ("(601) 555 12 34", "+576015551234", Origin.FIXED),
        ("018000910123", "+5718000910123", Origin.TOLL_FREE),
        ("+14155552671", "+14155552671", Origin.INTERNATIONAL),
        ("0014155552671", "+14155552671", Origin.INTERNATIONAL),
        ("anonymous", ANONYMOUS, Origin.UNKNOWN),
        ("123", ANONYMOUS, Origin.UNKNOWN),
        ("9999999999", ANONYMOUS, Origin.UNKNOWN),
        ("", ANONYMOUS, Origin.UNKNOWN),
    ],
)
def test_numbers_as_dialled_in_colombia(raw: str, number: str, kind: Origin) -> None:
    assert normalise(raw) == number
    assert origin(number) is kind


@pytest.mark.parametrize(
    "raw",
    [
        "3001234567|NONE|NONE|ABANDON",
        "3001234567%7C1",
        "3001234567\r\nHANGUP",
        "3001234567\n",
        "3001234567\x00",
        "300&PJSIP/900",
        "3001234567;phone-context=+1",
        "٣٠٠١٢٣٤٥٦٧",
        "3" * 4096,
        "<script>3001234567</script>",
        "=3001234567",
        "tel:+573001234567",
    ],
)
def test_hostile_numbers_are_nobody(raw: str) -> None:
    assert normalise(raw) == ANONYMOUS


@given(st.text(max_size=60) | st.text("0123456789+ -().|;%\r\n\x00", max_size=40))
def test_whatever_comes_is_a_number_or_nobody(raw: str) -> None:
    number = normalise(raw)
    assert is_normal(number)
    assert normalise(number) == number or number == ANONYMOUS


def test_lists_show_a_masked_number() -> None:
    assert masked("+573001234567") == "300 *** **67"
    assert masked("+14155552671") == "+14 *** **71"
    assert masked(ANONYMOUS) == masked("") == "Anónimo"
    assert masked("+57<b>300</b>") == "Anónimo"
