"""The story of a call in words."""

import pytest

from contesta.narrative import gaps, sentence, short_name, timeline
from core.events import CallVanished, ConsentAnswer, Event, HoldChanged, MailboxStep, OfferResult, Source
from quality.metrics.history import CallHistory, build
from tests.stories import START, at, events_of

STARTS = "0 NONE|NONE|LLAMADA|1.1|linea|anonymous"
ENTERS = "4 q|NONE|ENTERQUEUE||anonymous|1"
CONNECTS = "14 q|Ana María Ruiz|CONNECT|10|1.2|3"
HANGS_UP = "50 NONE|NONE|FIN|caller|16"


def call(*facts: str, restarts: tuple[int, ...] = (), more: tuple[Event, ...] = ()) -> CallHistory:
    """Build the history of facts written as "second fields"."""
    log = []
    for fact in facts:
        second, _, fields = fact.partition(" ")
        log.append(f"{START + int(second)}|1.1|{fields}")
    return build([*events_of(log), *more], [at(second) for second in restarts])


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((STARTS, HANGS_UP), "No llegó a ninguna cola; colgó el ciudadano."),
        ((STARTS,), "No llegó a ninguna cola."),
        ((STARTS, ENTERS), "Espera en la cola q."),
        ((STARTS, ENTERS, CONNECTS), "Esperó 0:10, habla con A. Ruiz."),
        (
            (STARTS, ENTERS, CONNECTS, "285 q|Ana María Ruiz|COMPLETEAGENT|10|271|1"),
            "Esperó 0:10, habló 4:31 con A. Ruiz; colgó el asesor.",
        ),
        (
            (STARTS, ENTERS, CONNECTS, "285 q|Ana María Ruiz|COMPLETECALLER|10|271|1"),
            "Esperó 0:10, habló 4:31 con A. Ruiz; colgó el ciudadano.",
        ),
        ((STARTS, ENTERS, "14 q|NONE|ABANDON|1|1|10", HANGS_UP), "Esperó 0:10 en la cola q y colgó."),
        ((STARTS, ENTERS, "6 q|NONE|ABANDON|1|1|2", HANGS_UP), "Esperó 0:02 y colgó: llamada fantasma."),
        (
            (STARTS, ENTERS, "64 q|NONE|EXITWITHTIMEOUT|1|1|60", "64 s|NONE|RECHAZADA|UNKNOWN", HANGS_UP),
            "Esperó 1:00 y salió de la cola q: se cumplió el tiempo máximo. Luego la cola s no lo atendió: no existe.",
        ),
        ((STARTS, ENTERS, "9 q|NONE|EXITWITHKEY|3|1|1|5"), "Esperó 0:05 y salió de la cola q: marcó 3."),
        ((STARTS, ENTERS, "9 q|NONE|EXITEMPTY|1|1|5"), "La cola q no lo atendió: no tenía asesores."),
        (
            (STARTS, ENTERS, CONNECTS, "20 q|Ana María Ruiz|BLINDTRANSFER|300|interno|10|6|1"),
            "Esperó 0:10, habló 0:06 con A. Ruiz; el asesor pasó la llamada.",
        ),
    ],
)
def test_sentence(facts: tuple[str, ...], said: str) -> None:
    assert sentence(call(*facts), ghost_seconds=5) == said


def test_restart_while_waiting_and_while_talking() -> None:
    waiting = call(STARTS, ENTERS, restarts=(30,))
    assert sentence(waiting, 5) == "Se perdió mientras esperaba en la cola q: la central se reinició."
    talking = call(STARTS, ENTERS, CONNECTS, restarts=(30,))
    assert "habló con A. Ruiz no se sabe cuánto; la central terminó la llamada." in sentence(talking, 5)
    assert gaps(talking) == (
        "Nadie registró el final de una conversación; su duración no se conoce.",
        "La central se reinició durante la llamada; lo que siguió no se conoce.",
    )


def test_gaps_are_said() -> None:
    assert gaps(call(STARTS, ENTERS, "14 q|NONE|ABANDON|1|1|10", HANGS_UP)) == ()
    (inferred,) = gaps(call(STARTS, "14 q|NONE|ABANDON|1|1|10", HANGS_UP))
    assert "la hora se calculó con la espera" in inferred
    (orphan,) = gaps(call(STARTS, "14 q|Ana|COMPLETEAGENT|10|5|1", HANGS_UP))
    assert "sin su comienzo" in orphan
    gone = CallVanished(at=at(40), call_id="1.1", channel_id="1.1", source=Source.INFERRED)
    (vanished,) = gaps(call(STARTS, ENTERS, more=(gone,)))
    assert "Se perdió el contacto con la central" in vanished
    assert gaps(call(STARTS, ENTERS, "14 q|NONE|ABANDON|1|1|10", HANGS_UP, more=(gone,))) == ()


def test_timeline_is_in_order_with_actor_and_source() -> None:
    hold = HoldChanged(at=at(16.5), call_id="1.1", channel_id="1.2", source=Source.AMI, on=True)
    history = call(STARTS, "3 NONE|NONE|MENU|principal|9|wrong", ENTERS, CONNECTS, HANGS_UP, more=(hold,))
    told = [(step.since_start.total_seconds(), step.actor, step.fact, step.source) for step in timeline(history)]
    assert told == [
        (0, "Ciudadano", "Llamó a la línea linea", "queue_log"),
        (3, "Ciudadano", "Marcó 9 en el menú «principal», que no tiene esa opción", "queue_log"),
        (4, "Ciudadano", "Entró a la cola q, puesto 1", "queue_log"),
        (14, "Ana María Ruiz", "Contestó, tras 0:10 de espera", "queue_log"),
        (16.5, "Asesor", "Dejó al ciudadano en espera", "AMI"),
        (50, "Ciudadano", "Colgó", "queue_log"),
    ]


def test_every_event_of_a_call_can_be_told() -> None:
    facts = (
        STARTS,
        *(
            f"{second} NONE|NONE|MENU|m|1|{result}"
            for second, result in enumerate(["chosen", "wrong", "silent", "gave_up"])
        ),
        ENTERS,
        "5 q|Luis|RINGNOANSWER|1000",
        "6 q|Luis|RINGCANCELED|1000",
        CONNECTS,
        "14 q|Ana María Ruiz|GRABACION|f.wav",
        "20 q|Ana María Ruiz|COMPLETEAGENT|10|6|1",
        *(f"3{place} q{place}|NONE|{exit_}" for place, exit_ in enumerate(["ABANDON|1|1|2", "EXITWITHTIMEOUT|1|1|2"])),
        *(f"4{place} q{place}|NONE|{exit_}" for place, exit_ in enumerate(["EXITWITHKEY|3|1|1|2", "EXITEMPTY|1|1|2"])),
        "45 q|NONE|WITHDRAW|1|1|2|otra cola",
        "46 q|NONE|RECHAZADA|JOINEMPTY",
        "47 NONE|NONE|ENCUESTA|p|4",
        "48 NONE|NONE|ENCUESTA|p2|",
        "49 NONE|NONE|ENCUESTA|p3||s|f.wav",
        "49 NONE|NONE|IDIOMA|es",
        "49 NONE|NONE|MENSAJE|2026/01/01/1.1.wav",
        *(f"49 NONE|NONE|CONSENTIMIENTO|v{place}|{answer}" for place, answer in enumerate(ConsentAnswer)),
        *(f"49 q|NONE|OFERTA|{result}" for result in OfferResult),
        *(f"49 NONE|NONE|BUZON|2601010001|{step}" for step in MailboxStep),
        "49 NONE|NONE|MENU|m|1|chosen|2.5",
        HANGS_UP,
    )
    told = [step.fact for step in timeline(call(*facts))]
    assert len(told) == len(facts)
    assert all(fact.strip() == fact and "None" not in fact for fact in told)


@pytest.mark.parametrize(("name", "short"), [("Ana María Ruiz", "A. Ruiz"), ("Ana", "Ana"), ("", ""), ("  ", "")])
def test_short_name(name: str, short: str) -> None:
    assert short_name(name) == short
