"""Records and columns of a base as rows."""

import json
from dataclasses import asdict

from sqlalchemy import Connection, insert

from callback_queue.campaign.base import Base
from callback_queue.campaign.columns import Columns
from storage.campaign_tables import CampaignRecordRow
from storage.database import table_of

_PART = 500
_RECORD = table_of(CampaignRecordRow)


def insert_records(connection: Connection, campaign_id: int, base: Base) -> None:
    """Write the records of a base, of which nothing came yet."""
    none_yet = {"round": 1, "request_id": "", "disposition": "", "disposed_at": None, "disposed_by": "", "note": ""}
    values = [
        {
            "campaign_id": campaign_id,
            "position": position,
            "row": record.row,
            "fate": record.fate,
            "exclusion": record.exclusion or "",
            "of_row": record.of_row,
            "telephone": record.telephones[0] if record.telephones else "",
            "written": record.written,
            "name": record.name,
            "document": record.document,
            "cells": json.dumps(record.cells, ensure_ascii=False),
            **none_yet,
        }
        for position, record in enumerate(base.records, 1)
    ]
    for first in range(0, len(values), _PART):
        connection.execute(insert(_RECORD), values[first : first + _PART])


def written(columns: Columns) -> str:
    """Write what the columns of a base are."""
    return json.dumps(asdict(columns), ensure_ascii=False)


def columns_of(text: str) -> Columns:
    """Read what the columns of a base are."""
    said = json.loads(text)
    return Columns(
        titles=tuple(said["titles"]),
        has_titles=said["has_titles"],
        telephones=tuple(said["telephones"]),
        names=tuple(said["names"]),
        document=said["document"],
    )
