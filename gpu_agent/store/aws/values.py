"""JSON values as DynamoDB attributes and back, exactly: a float is the Decimal of its shortest text, never a float.

DynamoDB numbers have 38 digits and exponents to ±125; JSON's have no bounds, so what does not fit is kept as its text
under a tag. There is no infinity: the records mark it by a flag.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from pydantic import BaseModel

OUT_OF_RANGE = "$number"
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize


def plain(model: BaseModel) -> dict[str, Any]:
    """The JSON of a model as values that `stored` takes."""
    return json.loads(model.model_dump_json(), parse_float=Decimal)


def stored(values: Mapping[str, Any]) -> dict[str, dict]:
    """Attributes by name, as the client of DynamoDB wants them. Floats are refused with ValueError if not finite."""
    return {name: _serialize(_out(value)) for name, value in values.items()}


def loaded(item: Mapping[str, dict]) -> dict[str, Any]:
    """The values of an item: int, float, str, bool, None, bytes, dict and list alone."""
    return {name: _back(_deserialize(value)) for name, value in item.items()}


def _out(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _out(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_out(v) for v in value]
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value} cannot be stored: a number that was not measured is null.")
    fits = len(number.as_tuple().digits) <= 38 and (number == 0 or -125 <= number.adjusted() <= 124)
    fits = fits and (isinstance(value, int) or abs(number) < 2**53)  # above, 1e23 would come back as another integer
    return number if fits else {OUT_OF_RANGE: str(value)}


def _back(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Binary):
        return bytes(value)
    if isinstance(value, dict):
        if value.keys() == {OUT_OF_RANGE}:
            text = value[OUT_OF_RANGE]
            return int(text) if text.lstrip("-").isdigit() else float(text)
        return {k: _back(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_back(v) for v in value]
    return value
