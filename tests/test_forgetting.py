"""Personal data of promised calls, when their time is over: gone, and every count stays."""

import json
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from callback_queue.request import Person, Reason, Recording, Solution, State
from callback_queue.states import Accepted, Answered, Connected, Dialled, TalkEnded, Typified
from contesta.callbacks.service import remove_below
from storage.callback_list import CallbackFilter, CallbackLists
from storage.callbacks import Callbacks
from storage.forgetting import Forgetting
from tests.callbacks import ANY_HOUR, NOW, PHONE, wish

DAY = timedelta(days=1)
SECRETS = ("Luz Marina", "1023456789", "Minas SAS", "mi título minero", PHONE.removeprefix("+57"), "llámeme")


def everything(engine: Engine) -> str:
    """All there is in the database, as text."""
    with engine.connect() as connection:
        names = ("callback", "callback_channel", "callback_step", "callback_origin", "callback_filing")
        rows = [[tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))] for name in names]  # noqa: S608  names of ours
    return json.dumps(rows, default=str, ensure_ascii=False)


def attended(store: Callbacks, folder: Path) -> str:
    """A call that was promised, made and solved on this day."""
    file = folder / "2025" / "voz.wav"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"RIFF")
    asked = wish(
        origin="web:1",
        person=Person(name="Luz Marina", document_type="CC", document="1023456789", company="Minas SAS"),
        description="por mi título minero",
        recordings=(Recording(what="description", file="2025/voz.wav", seconds=3.0),),
    )
    request_id = store.ask(asked, ANY_HOUR, NOW).request.id
    store.claim("a", "anm", "atencion", NOW, DAY, 1)
    told = (Dialled(by="a"), Answered(by="a"), Accepted(by="a"), Connected(by="a", agent="Ana"), TalkEnded(by="a"))
    store.steps("a", {request_id: [(event, NOW) for event in told]})
    solved = Solution(outcome=Reason.SOLVED, disposition="informado", agent="ana", at=NOW, text="llámeme mañana")
    store.step(request_id, Typified(by="ana", solution=solved), NOW)
    return request_id


def test_who_was_called_is_forgotten_and_the_funnel_stays(engine: Engine, tmp_path: Path) -> None:
    store, lists, folder = Callbacks(engine), CallbackLists(engine), tmp_path / "mensajes"
    request_id = attended(store, folder)
    outside = tmp_path / "secretos.json"
    outside.write_text("{}", encoding="utf-8")
    waits = store.ask(wish(telephone="+573009999999", origin="web:2"), ANY_HOUR, NOW).request
    forgetting = Forgetting(engine, lambda file: remove_below(folder, file))
    before = lists.funnel(CallbackFilter())
    assert forgetting.callbacks(NOW) == 0, "its day is not over"
    assert all(secret in everything(engine) for secret in SECRETS)
    assert forgetting.callbacks(NOW + DAY) == 1
    assert forgetting.callbacks(NOW + DAY) == 0, "once is enough"
    left = everything(engine)
    assert [secret for secret in SECRETS if secret in left] == []
    assert not (folder / "2025" / "voz.wav").exists()
    assert lists.funnel(CallbackFilter()) == before
    told = store.get(request_id)
    assert told
    assert (told.state, told.reason, told.telephone) == (State.ATTENDED, Reason.SOLVED, "")
    assert told.solution
    assert told.solution.disposition == "informado"
    assert store.get(waits.id) == waits, "who still waits is called"
    remove_below(folder, "../secretos.json")
    assert outside.exists()
