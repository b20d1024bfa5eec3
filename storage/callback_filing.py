"""Filing numbers (radicados) of ours, each with its code."""

import secrets
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from callback_queue.request import Filing
from core import codes
from core.calendar import BOGOTA
from storage.callback_tables import CallbackNumberRow


def new_filing(connection: Connection, now: datetime) -> Filing:
    """Give a filing number of ours: 1, the day, a count. Those of the mailbox begin with the year."""
    day = f"{now.astimezone(BOGOTA):%y%m%d}"
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    one_more = (
        dialect.insert(CallbackNumberRow)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last": col(CallbackNumberRow.last) + 1})
        .returning(col(CallbackNumberRow.last))
    )
    count = connection.execute(one_more).scalar_one()
    return Filing(number=f"1{day}{count:04}", code=codes.new(secrets.choice))
