"""What the answers and the questions of the API have in common."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from contesta.call_search import FIRST_YEAR, LAST_YEAR


class Told(BaseModel):
    """Anything that the API answers. Moments are ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _of_our_time(moment: datetime) -> datetime:
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise ValueError(f"debe estar entre los años {FIRST_YEAR} y {LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""A moment that somebody asks about: with its zone, and of years that can be reckoned with."""
