"""What people call the columns that name a row, hold rows together, or say when: one sign of a role, never proof."""

import re
from typing import Final

_COME_AND_GO: Final = "customer|client|user|patient|subject|person|member|employee|student|household|account|session"
_LAST: Final = (
    "store|shop|site|station|branch|hospital|school|product|item|sku|machine|device|sensor|route|company|firm"
)
_ID: Final = re.compile(rf"(^|_)(id|ids|idcode|uuid|guid|({_COME_AND_GO}|{_LAST})_?(id|no|nr|key|number)?)$|^id_")
_LASTING: Final = re.compile(rf"(^|_)({_LAST})(_|id|no|nr|key|number|$)")
_ROW: Final = re.compile(r"unnamed_\d+|index|row|row_?(names?|num|number|nr|no)|nr|no")
_TIME: Final = re.compile(r"year|yr|date|datetime|timestamp|period")


def is_called_an_id(name: str) -> bool:
    return _ID.search(_in_snake_case(name)) is not None


def is_called_a_row(name: str) -> bool:
    """The same, and what writers of tables call the column that counts the rows."""
    return is_called_an_id(name) or _ROW.fullmatch(_in_snake_case(name)) is not None


def is_called_a_passing_id(name: str) -> bool:
    """The id of somebody or something that comes and goes; a store or a product a model usually meets again."""
    return is_called_an_id(name) and _LASTING.search(_in_snake_case(name)) is None


def is_called_a_time(name: str) -> bool:
    return _TIME.fullmatch(_in_snake_case(name)) is not None


def _in_snake_case(name: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\W_]+", "_", parted).strip("_").lower()
