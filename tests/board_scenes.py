"""Boards as they are sent, made up: a busy morning, a quiet one, and what differs from them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from contesta.board.view import (
    AdviserRow,
    Alert,
    Balance,
    Board,
    Caller,
    DayChart,
    DayLine,
    Figure,
    Mode,
    Opening,
    Part,
    Quarter,
    QueueRow,
    StateCount,
    WallBoard,
    Why,
)
from contesta.format import UNKNOWN
from quality.metrics.limits import Level

NOW = datetime(2025, 6, 3, 15, 42, 7, tzinfo=UTC)
"""Tuesday, 10:42:07 in Bogotá."""

WORDS = {
    "available": "disponible",
    "ringing": "timbrando",
    "talking": "hablando",
    "paused": "en pausa",
    "signed_out": "fuera",
}
COUNTED = WORDS | {"available": "disponibles"}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def figure(
    name: str,
    title: str,
    shown: str,
    *,
    detail: str = "",
    state: Level | None = None,
    since: datetime | None = None,
    calls: str = "",
) -> Figure:
    return Figure(
        id=name,
        title=title,
        shown=shown,
        detail=detail,
        state=state,
        since=since,
        meaning=f"{title}: de las recibidas sin fantasmas, {detail or shown}. Meta: máximo 5 (umbrales del tablero).",
        calls=calls or f"/llamadas?cifra={name}",
        why=f"/api/v1/board/why?figure={name}" if state else "",
    )


def queue(  # noqa: PLR0913  a row is all that
    name: str,
    state: Level | None,
    *,
    waiting: int,
    longest: float | None,
    service_level: tuple[str, str, Level | None],
    abandonment: tuple[str, str, Level | None],
    offered: str,
    advisers: str = "3",
) -> QueueRow:
    level, level_parts, level_state = service_level
    lost, lost_parts, lost_state = abandonment
    wait_state = (Level.BAD if longest > 120 else Level.OK) if longest is not None else None
    return QueueRow(
        name=name,
        state=state,
        waiting=figure("waiting", "En espera", str(waiting), state=Level.OK),
        longest_wait=figure(
            "longest_wait",
            "Espera más larga",
            UNKNOWN,
            since=None if longest is None else ago(longest),
            state=wait_state,
        ),
        expected_wait=Figure(
            id="expected_wait", title="Esperaría quien entre", shown="1:20", meaning="Según las últimas conversaciones"
        ),
        advisers=Figure(
            id="available", title="Asesores disponibles", shown=advisers, detail="de 8 en turno", meaning="Libres"
        ),
        service_level=figure("service_level", "Nivel de servicio hoy", level, detail=level_parts, state=level_state),
        abandonment=figure("abandonment", "Abandono hoy", lost, detail=lost_parts, state=lost_state),
        offered=figure("offered", "Recibidas hoy", offered),
    )


QUEUES = (
    queue(
        "tramites",
        Level.BAD,
        waiting=4,
        longest=162,
        service_level=("62,50 %", "40/64", Level.BAD),
        abandonment=("9,38 %", "6/64", Level.WARN),
        offered="66",
        advisers="0",
    ),
    queue(
        "afiliaciones",
        Level.WARN,
        waiting=2,
        longest=48,
        service_level=("78,57 %", "88/112", Level.WARN),
        abandonment=("2,68 %", "3/112", Level.OK),
        offered="115",
    ),
    queue(
        "atencion",
        Level.OK,
        waiting=1,
        longest=12,
        service_level=("91,24 %", "771/845", Level.OK),
        abandonment=("3,08 %", "26/845", Level.OK),
        offered="887",
    ),
    queue(
        "wayuunaiki",
        None,
        waiting=0,
        longest=None,
        service_level=(UNKNOWN, "0/0", None),
        abandonment=(UNKNOWN, "0/0", None),
        offered="0",
        advisers="1",
    ),
)


def adviser(name: str, state: str, seconds: float, answered: int, tmo: str, reason: str = "") -> AdviserRow:
    calls = "/llamadas?asesor=" + name.replace(" ", "+")
    return AdviserRow(
        id=name.lower().replace(" ", "-").replace(".", ""),
        name=name,
        state=state,
        word=WORDS[state],
        since=ago(seconds),
        reason=reason,
        queues=["atencion", "tramites"] if answered % 2 else ["atencion"],
        answered=figure("answered", "Contestadas", str(answered), calls=calls),
        unanswered=Figure(
            id="unanswered", title="No contestó", shown=str(answered % 3), meaning="Timbró y no contestó"
        ),
        tmo=figure("tmo", "TMO", tmo, calls=calls),
    )


ADVISERS = (
    adviser("A. Ruiz", "available", 7, 41, "4:12"),
    adviser("B. Mejía", "available", 95, 38, "3:58"),
    adviser("C. Ortiz", "ringing", 4, 36, "4:40"),
    adviser("D. Pardo", "talking", 33, 44, "3:21"),
    adviser("E. Gutiérrez de la Hoz", "talking", 412, 29, "6:02"),
    adviser("F. Londoño", "talking", 1201, 31, "5:17"),
    adviser("G. Páez", "paused", 640, 25, "4:55", "almuerzo"),
    adviser("H. Quintero", "paused", 62, 33, "4:03", "capacitación"),
    adviser("I. Rojas", "signed_out", 3900, 12, "3:47"),
)

PARTS = (
    ("offered", "Recibidas", 1142, "1.142"),
    ("answered", "contestadas", 1020, "1.020"),
    ("abandoned", "abandonadas", 61, "61"),
    ("ghost", "fantasmas", 40, "40"),
    ("overflow", "desbordadas", 14, "14"),
    ("closed", "rechazadas", 0, "0"),
    ("lost", "perdidas", 0, "0"),
    ("waiting", "en espera", 7, "7"),
)


def counts(advisers: Sequence[AdviserRow]) -> list[StateCount]:
    found = {state: sum(row.state == state for row in advisers) for state in WORDS}
    return [
        StateCount(state=state, word=COUNTED[state], count=count, shown=str(count)) for state, count in found.items()
    ]


BUSY = Board(
    sequence=1,
    at=NOW,
    line="ciudadanos",
    title="Línea 01 8000 910 123",
    mode=Mode.LIVE,
    source="en vivo",
    connected=True,
    connected_at=NOW,
    opening=Opening.OPEN,
    opening_word="Abierta hasta las 18:00",
    cards=[
        figure("waiting", "En espera", "7", state=Level.WARN),
        figure("longest_wait", "Espera más larga", "2:42", detail="en tramites", since=ago(162), state=Level.BAD),
        figure(
            "available", "Asesores disponibles", "2", detail="1 timbrando · 3 hablando · 2 en pausa", state=Level.OK
        ),
        figure(
            "service_level",
            "Nivel de servicio hoy",
            "88,05 %",
            detail="899/1.021 · contestadas en 20 s, de las recibidas sin fantasmas",
            state=Level.OK,
        ),
        figure(
            "abandonment",
            "Abandono hoy",
            "5,54 %",
            detail="61/1.102 · abandonadas, de las recibidas sin fantasmas",
            state=Level.WARN,
        ),
        figure("callbacks", "Devoluciones pendientes", "7", detail="2 en mora"),
    ],
    queues=list(QUEUES),
    advisers_by_state=counts(ADVISERS),
    identity=Balance(
        text="Recibidas 1.142 = contestadas 1.020 + …",
        parts=[
            Part(id=one, word=word, count=count, shown=shown, calls=f"/llamadas?parte={one}")
            for one, word, count, shown in PARTS
        ],
        balances=True,
    ),
    trouble="",
    notices=["Puede abandonar 4 más y cumplir el ANS."],
    alerts=[
        Alert(
            id="longest_wait:tramites",
            level=Level.BAD,
            figure="longest_wait",
            queue="tramites",
            text="En tramites alguien espera más de 2:00.",
            since=ago(42),
        )
    ],
    advisers=list(ADVISERS),
    waiting=[
        Caller(
            call=f"/llamadas/17488.{place}",
            queue="tramites" if place < 4 else "atencion",
            number=f"300 *** **{40 + place}",
            since=ago(seconds),
        )
        for place, seconds in enumerate((162, 110, 64, 51, 48, 30, 12))
    ],
)

COUNTS = ("waiting", "available")
EMPTY = BUSY.model_copy(
    update={
        "opening": Opening.CLOSED,
        "opening_word": "Cerrada. Abre mañana a las 08:00",
        "cards": [
            card.model_copy(
                update={"shown": "0" if card.id in COUNTS else UNKNOWN, "since": None, "state": None, "detail": ""}
            )
            for card in BUSY.cards
        ],
        "queues": [],
        "advisers": [],
        "waiting": [],
        "alerts": [],
        "notices": [],
        "advisers_by_state": counts(()),
        "identity": Balance(
            text="Recibidas 0",
            parts=[Part(id=one, word=word, count=0, shown="0", calls="") for one, word, _, _ in PARTS],
            balances=True,
        ),
    }
)


def next_of(board: Board, **changed: object) -> Board:
    """The version of a board that follows it."""
    return board.model_copy(update={"sequence": board.sequence + 1, **changed})


def past(board: Board, at: datetime) -> Board:
    """A board as it was: nothing is held against its thresholds."""

    def plain(one: Figure) -> Figure:
        return one.model_copy(update={"state": None, "why": ""})

    rows = [
        row.model_copy(
            update={"state": None} | {name: plain(value) for name, value in row if isinstance(value, Figure)}
        )
        for row in board.queues
    ]
    return board.model_copy(
        update={
            "mode": Mode.PAST,
            "at": at,
            "source": "así estaba",
            "cards": [plain(card) for card in board.cards],
            "queues": rows,
            "alerts": [],
        }
    )


def of_wall(board: Board) -> WallBoard:
    """What of a board may hang on a wall."""
    return WallBoard.model_validate(board.model_dump(include=set(WallBoard.model_fields)))


def _quarter(begins_at: datetime, hour: str, offered: int | None, lost: int) -> Quarter:
    answered = None if offered is None else max(0, offered - lost)
    rate = None if not offered or answered is None else answered / offered
    return Quarter(
        begins_at=begins_at,
        hour=hour,
        offered=offered,
        answered=answered,
        abandoned=None if offered is None else min(lost, offered),
        answer_rate=rate,
        answer_rate_shown=UNKNOWN if rate is None else f"{100 * rate:.2f} %".replace(".", ","),
        calls=f"/llamadas?desde={begins_at:%H:%M}" if offered else "",
    )


def _day(title: str, day: str, until: int, phase: int) -> DayLine:
    midnight = datetime(2025, 6, 3, 5, tzinfo=UTC)
    quarters = []
    for place in range(96):
        busy = 28 <= place < 72
        hill = 34 - abs(place - 42) if place < 50 else 30 - abs(place - 58)
        offered = (max(2, hill + (place * phase) % 7) if busy else 0) if place <= until else None
        hour = f"{place // 4:02}:{place % 4 * 15:02}"
        quarters.append(_quarter(midnight + timedelta(minutes=15 * place), hour, offered, (place * phase) % 4))
    return DayLine(day=day, title=title, quarters=quarters)


DAY = DayChart(
    day=_day("martes 3 de junio de 2025", "2025-06-03", 42, 5),
    before=_day("martes 27 de mayo de 2025", "2025-05-27", 95, 3),
)

EMPTY_DAY = DayChart(
    day=DAY.day.model_copy(update={"quarters": [_quarter(one.begins_at, one.hour, 0, 0) for one in DAY.day.quarters]}),
    before=DAY.before.model_copy(
        update={"quarters": [_quarter(one.begins_at, one.hour, 0, 0) for one in DAY.before.quarters]}
    ),
)

WHY = Why(
    figure="longest_wait",
    queue="tramites",
    title="Espera más larga en tramites",
    shown="2:42",
    state=Level.BAD,
    sentences=[
        "Quien más espera llegó a las 10:39:25 y los 8 asesores de la cola están ocupados.",
        "En el último cuarto de hora entraron 19 llamadas; lo usual a esta hora son 11.",
        "Dos asesores están en pausa desde hace más de un minuto.",
    ],
    calls="/llamadas?cola=tramites",
)
