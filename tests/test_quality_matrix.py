"""The quality matrix: as its file has it, which contacts it is for, and how it changes in time."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from core.errors import ConfigurationError
from quality.matrix.audit import Mark, Mode, faults, without_evidence
from quality.matrix.matrix import Category, Channel, ContactKind, Matrix, Scope, Setting, check_versions, in_force
from quality.matrix.matrix_text import ART_2019, parse, write
from tests.audits import ART, LINE, audit, failing

TEXT = ART_2019.read_text(encoding="utf-8")
VERSION_2 = replace(ART, version=2, valid_from=date(2019, 10, 1))


def test_matrix_of_the_report_is_whole() -> None:
    by_category = {
        category: {item.id: [each.id for each in item.subitems] for item in ART.items if item.category is category}
        for category in Category
    }
    assert by_category == {
        Category.BUSINESS_CRITICAL: {"1": ["1.1"], "2": ["2.1", "2.2"], "3": ["3.1", "3.2"]},
        Category.END_USER_CRITICAL: {"4": ["4.1", "4.2", "4.3"], "5": ["5.1", "5.2", "5.3"]},
        Category.NON_CRITICAL: {
            "6": ["6.1", "6.2", "6.3", "6.4"],
            "7": ["7.1", "7.2", "7.3"],
            "8": ["8.1", "8.2", "8.3", "8.4", "8.5"],
            "9": ["9.1", "9.2", "9.3"],
            "10": ["10.1"],
        },
    }
    assert ART.thresholds == {
        Category.BUSINESS_CRITICAL: Fraction(85, 100),
        Category.END_USER_CRITICAL: Fraction(85, 100),
        Category.NON_CRITICAL: Fraction(90, 100),
    }
    assert all(len(each.guidance) > 20 for each in ART.subitems())


def test_what_the_ledger_keeps_is_the_same_matrix() -> None:
    bounded = replace(
        ART,
        valid_to=date(2020, 11, 29),
        scope=Scope(lines=frozenset({"a", "b"}), kinds=frozenset({ContactKind.CAMPAIGN})),
        thresholds=dict.fromkeys(Category, Fraction(875, 1000)),
    )
    for matrix in (ART, bounded):
        assert parse(write(matrix), "ledger") == matrix


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("id: art-2019", "id: Art 2019", "línea 6, clave «id»: escriba minúsculas"),
        ("version: 1", "version: uno", "línea 7, clave «version»: escriba un número entero"),
        ("valid_from: 2018-11-29", "valid_from: 29/11/2018", "línea 10, clave «valid_from»: escriba un día"),
        ("id: 2.2", "id: 2.1", "línea 30, clave «id»: el número 2.1 ya está en la línea 26; dé otro"),
        ("id: 3.2", "id: 4.9", "los subítems del ítem 3 se numeran 3.1, 3.2…, no «4.9»"),
        ("channels: [voice, video]", "channels: [voz]", "escriba uno de: voice, video, chat, whatsapp; no «voz»"),
        ("kinds: [inbound]", "kinds: []", "clave «kinds»: la lista está vacía"),
        ("    at_least: 90 %", "    at_least: 0 %", "clave «at_least»: escriba un porcentaje mayor que 0 %"),
        ("  non_critical:", "  no_criticos:", "clave «no_criticos»: no se conoce; las que hay son: business_critical"),
        ("guidance: >-", "guia: >-", "clave «guia»: no se conoce"),
        ("title: Tipificación", "titulo: x", "falta «title»"),
    ],
)
def test_fault_is_told_with_file_line_key_and_mend(before: str, after: str, said: str) -> None:
    assert before in TEXT
    with pytest.raises(ConfigurationError) as error:
        parse(TEXT.replace(before, after, 1), "matriz.yaml")
    assert str(error.value).startswith("matriz.yaml, línea ")
    assert said in str(error.value)


def test_all_faults_are_told_at_once() -> None:
    broken = TEXT.replace("id: 1.1", "id: 2.9", 1).replace("kinds: [inbound]", "kinds: [llamada]")
    with pytest.raises(ConfigurationError) as error:
        parse(broken, "matriz.yaml")
    assert len(str(error.value).splitlines()) == 2


def test_sub_items_apply_by_channel_and_kind_of_contact() -> None:
    everything = {each.id for each in ART.subitems()}
    chat = {each.id for each in ART.applying(replace(LINE, channel=Channel.CHAT))}
    assert everything - chat == {"4.1", "8.1", "8.3", "8.4", "9.3", "10.1"}
    assert everything - {each.id for each in ART.applying(replace(LINE, kind=ContactKind.CALLBACK))} == {"6.1"}


def test_contact_is_marked_by_the_version_of_its_day() -> None:
    both = (VERSION_2, ART)
    assert in_force(both, LINE, date(2019, 9, 30)) is ART
    assert in_force(both, LINE, date(2019, 10, 1)) is VERSION_2
    with pytest.raises(ConfigurationError, match="ninguna matriz rige el 2018-11-28"):
        in_force(both, LINE, date(2018, 11, 28))
    ended = replace(VERSION_2, valid_to=date(2019, 10, 31))
    with pytest.raises(ConfigurationError, match="ninguna matriz rige el 2019-11-01"):
        in_force((ART, ended), LINE, date(2019, 11, 1))


def test_matrix_that_names_the_line_goes_first_and_two_at_once_are_refused() -> None:
    own = replace(ART, id="propia", scope=Scope(lines=frozenset({LINE.line})))
    assert in_force((ART, own), LINE, date(2019, 9, 1)) is own
    assert in_force((ART, own), Setting(line="otra"), date(2019, 9, 1)) is ART
    with pytest.raises(ConfigurationError, match="rigen «art-2019» y «otra» a la vez"):
        in_force((ART, replace(ART, id="otra")), LINE, date(2019, 9, 1))


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (replace(ART), "está dos veces"),
        (replace(ART, version=2), "debe comenzar después"),
        (
            replace(VERSION_2, items=(replace(ART.items[0], category=Category.NON_CRITICAL),)),
            "el ítem 1 cambia de categoría; déle otro número",
        ),
    ],
)
def test_versions_that_contradict_each_other_are_refused(later: Matrix, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_versions([ART, later])


def test_version_that_begins_before_the_last_has_ended_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="ponga «valid_from: 2019-12-01» o posterior"):
        check_versions([replace(ART, valid_to=date(2019, 11, 30)), VERSION_2])


def test_audit_must_mark_what_applies_and_nothing_else() -> None:
    whole = audit(1)
    assert not list(faults(whole))
    partly = replace(whole, findings={key: found for key, found in whole.findings.items() if key != "7.2"})
    assert [fault.subitem for fault in faults(partly)] == ["7.2"]
    assert [fault.subitem for fault in faults(audit(1, {"11.1": Mark.FAILS}))] == ["11.1"]
    in_chat = audit(1, {"9.3": Mark.FAILS}, setting=replace(LINE, channel=Channel.CHAT))
    assert [fault.subitem for fault in faults(in_chat)] == ["9.3"]
    of_other_line = replace(ART, scope=Scope(lines=frozenset({"otra"})))
    assert "no es para línea" in next(faults(replace(whole, matrix=of_other_line))).mend


def test_failure_needs_its_note_and_its_second() -> None:
    found = failing(1, "6.4")
    assert [fault.mend for fault in without_evidence(found)] == [
        "escriba una nota: qué pasó",
        "diga en qué segundo de la grabación",
    ]
    assert len(list(without_evidence(replace(found, mode=Mode.LIVE)))) == 1
    assert not list(without_evidence(audit(1)))
