"""Calls as data: what a caller does, in which line, at which hour, and all that must come of it.

A row says nothing of how the call is made: it can be played to the scripts, or keyed over a real telephone.
"""

from dataclasses import dataclass

OPEN = "2025-06-03 09:00"  # a Tuesday
EVENING = "2025-06-03 18:30"
SUNDAY = "2025-06-01 10:00"
BEFORE_HOLIDAY = "2025-06-20 19:00"  # the Friday before Corpus Christi, kept on Monday 23
CHRISTMAS_EVE = "2026-12-24 12:30"  # closes at noon that day

YES = "CONSENTIMIENTO|2025-11|accepted"
NO = "CONSENTIMIENTO|2025-11|declined"
NOTHING = "CONSENTIMIENTO|2025-11|none"

WELCOME = "bienvenida idioma consentimiento consentimiento_pregunta consentimiento_si"
MENU = f"{WELCOME} menu_principal"
DECLINED = "bienvenida idioma consentimiento consentimiento_pregunta consentimiento_no menu_principal"
SURVEY = "encuesta_intro encuesta_satisfaccion encuesta_percepcion encuesta_confianza encuesta_gracias"
IDENTITY = "buzon_intro buzon_document buzon_marco … buzon_confirmar buzon_name … buzon_grabado"
FROM_HERE = "buzon_llama_desde … buzon_llamar_ahi"
SAID = "buzon_description … buzon_grabado"
SUBJECT_AND_SPEECH = f"buzon_nit buzon_subject {SAID}"
FILED = "buzon_listo buzon_radicado … buzon_codigo … buzon_repetir"
MAILBOX = f"{IDENTITY} {FROM_HERE} {SUBJECT_AND_SPEECH} {FILED}"
MAILBOX_KEYS = "1023456789# 1 ~2# 1 1 # 5 ~12# 1 -"
MAILBOX_LEFT = "document=1023456789 phone=+573001234567 subject=otro name description complete"
CLOSED = "bienvenida idioma cerrado_desde … cerrado consentimiento consentimiento_pregunta consentimiento_si"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One call.

    `actions` are written as `tests.scripted_asterisk.Actions` has them. `wait` are the bounds of the expected wait, in
    minutes. Of what is `heard`, … stands for values and tones. `log` are entries of queue_log, without the seconds
    heard where a menu was not cut short. `ends`: the dialplan's word, or that the caller hangs up. `left` is the
    request in the mailbox: confirmed fields, what was spoken, whether it is complete.
    """

    name: str
    actions: str
    heard: str
    log: tuple[str, ...]
    ends: str = "hangs up"
    line: str = "anm"
    at: str = OPEN
    wait: tuple[float, float] | None = None
    number: str = "+573001234567"
    queues: tuple[str, ...] = ()
    left: str = ""
    records: str = "si"
    language: str = "es"


def menu(*steps: str) -> tuple[str, ...]:
    """Write what was done in menus: "principal 1 chosen"."""
    return tuple(f"MENU|{step.replace(' ', '|')}" for step in steps)


SCENARIOS = (
    # ── Menus
    Scenario(
        name="chooses an adviser and answers the survey",
        actions="1 1 0 [asesor] 5 4 3",
        heard=f"{MENU} transferencia {SURVEY}",
        log=(
            *("IDIOMA|es", YES, *menu("principal 0 chosen")),
            *("ENCUESTA|satisfaccion|5|anm_servicio|", "ENCUESTA|percepcion|4|anm_servicio|"),
            "ENCUESTA|confianza|3|anm_servicio|",
        ),
        ends="fin",
        queues=("anm_atencion",),
    ),
    Scenario(
        name="hangs up while being welcomed",
        actions="",
        heard="bienvenida idioma",
        log=(),
        records="",
    ),
    Scenario(
        name="cuts the menu short",
        actions="1 1 1@menu_principal",
        heard=f"{MENU} transferencia",
        log=("IDIOMA|es", YES, *menu("principal 1 chosen 1.0")),
        queues=("anm_solicitudes",),
    ),
    Scenario(
        name="knows the line and keys ahead while being welcomed",
        actions="1@2.5 1 0",
        heard=f"{MENU.replace(' idioma', '')} transferencia",
        log=("IDIOMA|es", YES, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="hears the menu again",
        actions="1 1 * * 1",
        heard=f"{MENU} menu_principal menu_principal transferencia",
        log=("IDIOMA|es", YES, *menu("principal * repeated", "principal * repeated", "principal 1 chosen")),
        queues=("anm_solicitudes",),
    ),
    Scenario(
        name="presses a wrong key, then the right one",
        actions="1 1 7 1",
        heard=f"{MENU} menu_principal_otra_tecla menu_principal transferencia",
        log=("IDIOMA|es", YES, *menu("principal 7 wrong", "principal 1 chosen")),
        queues=("anm_solicitudes",),
    ),
    Scenario(
        name="presses # where it means nothing",
        actions="1 1 # 0",
        heard=f"{MENU} menu_principal_otra_tecla menu_principal transferencia",
        log=("IDIOMA|es", YES, *menu("principal # wrong", "principal 0 chosen")),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="three wrong keys lead to a person",
        actions="1 1 7 8 9",
        heard=f"{MENU} menu_principal_otra_tecla menu_principal otra_tecla_2 menu_principal respaldo",
        log=(
            *("IDIOMA|es", YES),
            *menu("principal 7 wrong", "principal 8 wrong", "principal 9 wrong", "principal  gave_up"),
        ),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="three silences lead to a person",
        actions="1 1 - - -",
        heard=f"{MENU} silencio_1 menu_principal silencio_2 menu_principal respaldo",
        log=(
            *("IDIOMA|es", YES),
            *menu("principal  silent", "principal  silent", "principal  silent", "principal  gave_up"),
        ),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="wrong keys and silence share the tries",
        actions="1 1 7 - 8",
        heard=f"{MENU} menu_principal_otra_tecla menu_principal silencio_1 menu_principal respaldo",
        log=(
            *("IDIOMA|es", YES),
            *menu("principal 7 wrong", "principal  silent", "principal 8 wrong", "principal  gave_up"),
        ),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="goes into a menu and back",
        actions="1 1 2 9 1",
        heard=f"{MENU} menu_tramites menu_principal transferencia",
        log=(
            *("IDIOMA|es", YES),
            *menu("principal 2 chosen", "tramites 9 chosen", "principal 1 chosen"),
        ),
        queues=("anm_solicitudes",),
    ),
    Scenario(
        name="hears a text and is back in its menu",
        actions="1 1 2 4 0",
        heard=f"{MENU} menu_tramites informacion_puntos menu_tramites transferencia",
        log=(
            *("IDIOMA|es", YES),
            *menu("principal 2 chosen", "tramites 4 chosen"),
            *("TEXTO|informacion_puntos", *menu("tramites 0 chosen")),
        ),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="cuts a text short with a key of its menu",
        actions="1 1 2 4 0@informacion_puntos",
        heard=f"{MENU} menu_tramites informacion_puntos transferencia",
        log=(
            *("IDIOMA|es", YES),
            *menu("principal 2 chosen", "tramites 4 chosen"),
            *("TEXTO|informacion_puntos", *menu("tramites 0 chosen 0.0")),
        ),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="hears a text that leads to the queue",
        actions="1 1 2 2",
        heard=f"{MENU} menu_tramites informacion_rucom transferencia",
        log=("IDIOMA|es", YES, *menu("principal 2 chosen", "tramites 2 chosen"), "TEXTO|informacion_rucom"),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="gives up in the second menu",
        actions="1 1 2 - - -",
        heard=f"{MENU} menu_tramites silencio_1 menu_tramites silencio_2 menu_tramites respaldo",
        log=(
            *("IDIOMA|es", YES, *menu("principal 2 chosen")),
            *menu("tramites  silent", "tramites  silent", "tramites  silent", "tramites  gave_up"),
        ),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="wanders between menus until the line takes them to a person",
        actions=f"1 1 {'2 9 ' * 10}",
        heard=f"{WELCOME} {'menu_principal menu_tramites ' * 7}respaldo",
        log=("IDIOMA|es", YES, *menu("principal 2 chosen", "tramites 9 chosen") * 7),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="hangs up in the menu",
        actions="1 1 7",
        heard=f"{MENU} menu_principal_otra_tecla menu_principal",
        log=("IDIOMA|es", YES, *menu("principal 7 wrong")),
    ),
    # ── Language
    Scenario(
        name="chooses the second language",
        actions="2 1 0",
        heard=f"{MENU.replace('idioma', 'idioma idioma_elegido')} transferencia",
        log=("IDIOMA|guc", YES, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
        language="guc",
    ),
    Scenario(
        name="chooses no language and is attended in Spanish",
        actions="- 7 - 1 0",
        heard=f"bienvenida idioma silencio_1 idioma otra_tecla_1 {MENU.removeprefix('bienvenida ')} transferencia",
        log=("IDIOMA|es", YES, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
    ),
    # ── Consent
    Scenario(
        name="declines, is attended without recording, and is not asked the survey",
        actions="1 2 0 [asesor]",
        heard=f"{DECLINED} transferencia",
        log=("IDIOMA|es", NO, *menu("principal 0 chosen")),
        ends="fin",
        queues=("anm_atencion",),
        records="no",
    ),
    Scenario(
        name="silence is no consent",
        actions="1 - - - 0 [asesor]",
        heard=(
            "bienvenida idioma consentimiento consentimiento_pregunta silencio_1 consentimiento_pregunta"
            " silencio_1 consentimiento_pregunta consentimiento_no menu_principal transferencia"
        ),
        log=("IDIOMA|es", NOTHING, *menu("principal 0 chosen")),
        ends="fin",
        queues=("anm_atencion",),
        records="no",
    ),
    Scenario(
        name="wrong keys are no consent",
        actions="1 3 0 # 0",
        heard=(
            "bienvenida idioma consentimiento consentimiento_pregunta"
            f"{' consentimiento_otra_tecla consentimiento_pregunta' * 2} consentimiento_no menu_principal transferencia"
        ),
        log=("IDIOMA|es", NOTHING, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
        records="no",
    ),
    Scenario(
        name="a wrong key, then consent",
        actions="1 5 1 0",
        heard=(
            "bienvenida idioma consentimiento consentimiento_pregunta consentimiento_otra_tecla"
            " consentimiento_pregunta consentimiento_si menu_principal transferencia"
        ),
        log=("IDIOMA|es", YES, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="hears the question again, then declines",
        actions="1 * 2 0",
        heard=DECLINED.replace("consentimiento_pregunta", "consentimiento_pregunta consentimiento_pregunta")
        + " transferencia",
        log=("IDIOMA|es", NO, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
        records="no",
    ),
    Scenario(
        name="hangs up before answering: no consent, no recorder",
        actions="1",
        heard="bienvenida idioma consentimiento consentimiento_pregunta",
        log=("IDIOMA|es",),
        records="",
    ),
    Scenario(
        name="a line that records by right asks nothing and keeps the survey",
        line="ciudadanos",
        actions="1 [asesor] 5 - - 2",
        heard=(
            "bienvenida menu_principal transferencia encuesta_intro encuesta_satisfaccion encuesta_percepcion"
            " encuesta_silencio_1 encuesta_percepcion encuesta_confianza encuesta_gracias"
        ),
        log=(
            *(*menu("principal 1 chosen"), "ENCUESTA|satisfaccion|5|atencion|"),
            *("ENCUESTA|percepcion||atencion|", "ENCUESTA|confianza|2|atencion|"),
        ),
        ends="fin",
        queues=("atencion",),
    ),
    # ── Hours
    Scenario(
        name="calls in the evening and leaves a request",
        at=EVENING,
        actions=f"1 1 {MAILBOX_KEYS}",
        heard=f"{CLOSED} {MAILBOX}",
        log=("IDIOMA|es", YES, "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left=MAILBOX_LEFT,
    ),
    Scenario(
        name="calls on a Sunday, hears when the line opens, and hangs up",
        at=SUNDAY,
        actions="1",
        heard="bienvenida idioma cerrado_desde … cerrado consentimiento consentimiento_pregunta",
        log=("IDIOMA|es",),
        records="",
    ),
    Scenario(
        name="calls on the evening before a long weekend",
        at=BEFORE_HOLIDAY,
        actions="1",
        heard="bienvenida idioma cerrado_desde … cerrado consentimiento consentimiento_pregunta",
        log=("IDIOMA|es",),
        records="",
    ),
    Scenario(
        name="calls on a day that closes early, and declines: keys are kept, nothing is recorded",
        at=CHRISTMAS_EVE,
        actions="1 2 1023456789# 1 1 # 5 -",
        heard=(
            f"{CLOSED.replace('consentimiento_si', 'consentimiento_no')} buzon_intro buzon_document buzon_marco …"
            f" buzon_confirmar {FROM_HERE} buzon_nit buzon_subject {FILED}"
        ),
        log=("IDIOMA|es", NO, "BUZON|2612240001|begun", "BUZON|2612240001|finished"),
        ends="fin",
        left="document=1023456789 phone=+573001234567 subject=otro complete",
        records="no",
    ),
    # ── The callback mailbox
    Scenario(
        name="leaves a request, key 3",
        actions=f"1 1 3 {MAILBOX_KEYS}",
        heard=f"{MENU} {MAILBOX}",
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left=MAILBOX_LEFT,
    ),
    Scenario(
        name="gives another telephone, mistypes it first, and a company's NIT",
        actions="1 1 3 1023456789# 1 ~2# 1 2 123# 6012345678 - 1 9001234567# 900123456# 1 1 ~12 - * -",
        heard=(
            f"{MENU} {IDENTITY} {FROM_HERE} buzon_phone buzon_phone_no buzon_phone buzon_marco … buzon_confirmar"
            " buzon_nit buzon_nit_no buzon_nit buzon_marco … buzon_confirmar"
            f" buzon_subject buzon_description … buzon_grabado {FILED} buzon_radicado … buzon_codigo … buzon_repetir"
        ),
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left="document=1023456789 nit=9001234568 phone=+576012345678 subject=certificado name description complete",
    ),
    Scenario(
        name="corrects only the document",
        actions="1 1 3 1023456780# 2 1023456789# 1 ~2# 1 1 # 5 ~12# 1 -",
        heard=(
            f"{MENU} buzon_intro buzon_document buzon_marco … buzon_confirmar buzon_document buzon_marco …"
            f" buzon_confirmar buzon_name … buzon_grabado {FROM_HERE} {SUBJECT_AND_SPEECH} {FILED}"
        ),
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left=MAILBOX_LEFT,
    ),
    Scenario(
        name="begins the document anew with *",
        actions="1 1 3 99* 1023456789# 1 ~2# 1 1 # 5 ~12# 1 -",
        heard=f"{MENU} {MAILBOX.replace('buzon_document', 'buzon_document buzon_document', 1)}",
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left=MAILBOX_LEFT,
    ),
    Scenario(
        name="says the description again",
        actions="1 1 3 1023456789# 1 ~2# 1 1 # 5 ~1 2 ~12# 1 -",
        heard=f"{MENU} {MAILBOX.replace(SAID, f'{SAID} {SAID}')}",
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left=MAILBOX_LEFT,
    ),
    Scenario(
        name="hangs up half way and leaves what was confirmed",
        actions="1 1 3 1023456789# 1 ~2#",
        heard=f"{MENU} {IDENTITY}",
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun"),
        left="document=1023456789 name left",
    ),
    Scenario(
        name="hangs up before confirming and leaves nothing confirmed",
        actions="1 1 3 1023456789#",
        heard=f"{MENU} buzon_intro buzon_document buzon_marco … buzon_confirmar",
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun"),
        left="left",
    ),
    Scenario(
        name="hangs up while speaking: what was said is kept",
        actions="1 1 3 1023456789# 1 ~2# 1 1 # 5",
        heard=f"{MENU} {MAILBOX.removesuffix(f' buzon_grabado {FILED}')}",
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun"),
        left="document=1023456789 phone=+573001234567 subject=otro name description left",
    ),
    Scenario(
        name="withholds the number and cannot key one in, but says it",
        number="anonymous",
        actions="1 1 3 1023456789# 1 ~2# 1 - - - # 5 ~12# 1 ~20# 1 -",
        heard=(
            f"{MENU} {IDENTITY} buzon_phone silencio_1 buzon_phone silencio_2 buzon_phone {SUBJECT_AND_SPEECH}"
            f" buzon_sin_numero … buzon_grabado {FILED}"
        ),
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left="document=1023456789 subject=otro name description message incomplete",
    ),
    Scenario(
        name="withholds the number, declines recording and keys none: an adviser",
        number="anonymous",
        actions="1 2 3 1023456789# 1 12# 34# 56# # 5",
        heard=(
            f"{DECLINED} buzon_intro buzon_document buzon_marco … buzon_confirmar buzon_phone buzon_phone_no"
            " buzon_phone buzon_phone_no buzon_phone buzon_nit buzon_subject respaldo"
        ),
        log=("IDIOMA|es", NO, *menu("principal 3 chosen"), "BUZON|2506030001|begun"),
        queues=("anm_atencion",),
        left="document=1023456789 subject=otro left",
        records="no",
    ),
    Scenario(
        name="answers nothing at all in the mailbox",
        actions=f"1 1 3 {'- ' * 3}{'~0 ' * 4}{'- ' * 3}- {'- ' * 3}{'~0 ' * 4} -",
        heard=(
            f"{MENU} buzon_intro buzon_document silencio_1 buzon_document silencio_2 buzon_document"
            f"{' buzon_name … buzon_no_oimos' * 4} {FROM_HERE} silencio_1 {FROM_HERE} silencio_2 {FROM_HERE}"
            " buzon_nit buzon_subject silencio_1 buzon_subject silencio_2 buzon_subject"
            f"{' buzon_description … buzon_no_oimos' * 4} {FILED}"
        ),
        log=("IDIOMA|es", YES, *menu("principal 3 chosen"), "BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ends="fin",
        left="incomplete",
    ),
    # ── Waiting
    Scenario(
        name="is offered a callback, takes it and keeps the place",
        wait=(480, 720),
        actions=f"1 1 0 1 {MAILBOX_KEYS}",
        heard=f"{MENU} oferta_espera … oferta_devolucion {MAILBOX}",
        log=(
            *("IDIOMA|es", YES, *menu("principal 0 chosen"), "OFERTA|made", "OFERTA|accepted"),
            *("BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ),
        ends="fin",
        left=f"{MAILBOX_LEFT} place=anm_atencion",
    ),
    Scenario(
        name="is offered a callback and would rather wait",
        wait=(480, 720),
        actions="1 1 0 2",
        heard=f"{MENU} oferta_espera … oferta_devolucion transferencia",
        log=("IDIOMA|es", YES, *menu("principal 0 chosen"), "OFERTA|made", "OFERTA|declined"),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="says nothing to the offer and waits",
        wait=(480, 720),
        actions="1 1 0 -",
        heard=f"{MENU} oferta_espera … oferta_devolucion transferencia",
        log=("IDIOMA|es", YES, *menu("principal 0 chosen"), "OFERTA|made", "OFERTA|declined"),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="a short wait is not worth an offer",
        wait=(30, 120),
        actions="1 1 0",
        heard=f"{MENU} transferencia",
        log=("IDIOMA|es", YES, *menu("principal 0 chosen")),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="a queue without the offer",
        wait=(480, 720),
        actions="1 1 1",
        heard=f"{MENU} transferencia",
        log=("IDIOMA|es", YES, *menu("principal 1 chosen")),
        queues=("anm_solicitudes",),
    ),
    Scenario(
        name="presses the key of the offer while waiting, and is not asked for consent again",
        actions=f"1 1 0 [tecla] {MAILBOX_KEYS}",
        heard=f"{MENU} transferencia {MAILBOX}",
        log=(
            *("IDIOMA|es", YES, *menu("principal 0 chosen"), "OFERTA|accepted"),
            *("BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ),
        ends="fin",
        queues=("anm_atencion",),
        left=f"{MAILBOX_LEFT} place=anm_atencion",
    ),
    Scenario(
        name="waits too long in two queues and leaves a request",
        actions=f"1 1 1 [desborda] [desborda] {MAILBOX_KEYS}",
        heard=f"{MENU} transferencia {MAILBOX}",
        log=(
            *("IDIOMA|es", YES, *menu("principal 1 chosen")),
            *("BUZON|2506030001|begun", "BUZON|2506030001|finished"),
        ),
        ends="fin",
        queues=("anm_solicitudes", "anm_atencion"),
        left=MAILBOX_LEFT,
    ),
    # ── The survey
    Scenario(
        name="presses wrong keys in the survey and is asked again",
        actions="1 1 0 [asesor] 9 5 0 6 # 1",
        heard=(
            f"{MENU} transferencia encuesta_intro encuesta_satisfaccion encuesta_otra_tecla_1 encuesta_satisfaccion"
            " encuesta_percepcion encuesta_otra_tecla_1 encuesta_percepcion encuesta_otra_tecla_2 encuesta_percepcion"
            " encuesta_confianza encuesta_gracias"
        ),
        log=(
            *("IDIOMA|es", YES, *menu("principal 0 chosen")),
            *("ENCUESTA|satisfaccion|5|anm_servicio|", "ENCUESTA|percepcion||anm_servicio|"),
            "ENCUESTA|confianza|1|anm_servicio|",
        ),
        ends="fin",
        queues=("anm_atencion",),
    ),
    Scenario(
        name="hangs up in the survey: answers given are kept",
        actions="1 1 0 [asesor] 5",
        heard=f"{MENU} transferencia encuesta_intro encuesta_satisfaccion encuesta_percepcion",
        log=("IDIOMA|es", YES, *menu("principal 0 chosen"), "ENCUESTA|satisfaccion|5|anm_servicio|"),
        queues=("anm_atencion",),
    ),
    Scenario(
        name="a key during the survey's introduction answers nothing",
        actions="1 1 0 [asesor] 5@encuesta_intro 4 3 2",
        heard=f"{MENU} transferencia {SURVEY}",
        log=(
            *("IDIOMA|es", YES, *menu("principal 0 chosen")),
            *("ENCUESTA|satisfaccion|4|anm_servicio|", "ENCUESTA|percepcion|3|anm_servicio|"),
            "ENCUESTA|confianza|2|anm_servicio|",
        ),
        ends="fin",
        queues=("anm_atencion",),
    ),
)
