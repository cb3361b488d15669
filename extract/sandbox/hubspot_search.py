"""HubSpot's search: filters, operators, one sort, pages by offset, and its limits."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from extract.sandbox.wire import Refused, Reply

MOST_RESULTS = 10_000
MOST_BODY = 3_000
OPERATORS = ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY",
             "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")  # fmt: skip
QUERIED = (
    "dealname",
    "name",
    "domain",
    "email",
    "firstname",
    "lastname",
    "phone",
    "hs_title",
    "hs_quote_number",
    "hs_sku",
)


def comparable(value: str | None, kind: str) -> Any:
    """Return a property value as something that sorts by its type; None stays None."""
    if value is None or value == "":
        return None
    if kind == "number":
        try:
            return Decimal(value)
        except InvalidOperation:
            return None
    if kind in ("date", "datetime"):
        return instant(value)
    return value.casefold()


def instant(value: str) -> int | None:
    """Return epoch milliseconds of `1756715400000`, `2026-09-01` or `2026-09-01T08:30:00.123Z`, else None."""
    text = str(value)
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def invalid(message: str, code: str = "INVALID_FILTER") -> Refused:
    """Return the 400 of a search that cannot be understood."""
    error = {"message": message, "code": code}
    return Refused(Reply(400, {"status": "error", "message": message, "correlationId": "",
                               "category": "VALIDATION_ERROR",
                               "errors": [error]}))  # fmt: skip


def checked(request: dict[str, Any], size: int, properties: dict[str, Any]) -> tuple[int, int]:
    """Return limit and offset of a search request. Raises `Refused` on anything HubSpot would refuse."""
    groups = request.get("filterGroups") or []
    filters = [f for g in groups for f in g.get("filters", [])]
    if size > MOST_BODY:
        raise invalid(f"The request body is {size} characters long: at most {MOST_BODY}")
    if len(groups) > 5 or len(filters) > 18 or any(len(g.get("filters", [])) > 6 for g in groups):
        raise invalid("At most 5 filterGroups of 6 filters, 18 filters in total")
    if len(request.get("sorts") or []) > 1:
        raise invalid("At most one sort is supported")
    for item in filters:
        if item.get("operator") not in OPERATORS:
            raise invalid(f"Invalid operator: {item.get('operator')}")
        if item.get("propertyName") not in properties:
            raise invalid(f"There was a problem with the request: property {item.get('propertyName')} does not exist")
    limit, after = request.get("limit", 10), str(request.get("after") or "0")
    if not isinstance(limit, int) or not 1 <= limit <= 200:
        raise invalid(f"Invalid limit {limit}: between 1 and 200")
    if not after.isdigit():
        raise invalid(f"Invalid after {after}: a whole number")
    if int(after) + limit > MOST_RESULTS:
        raise invalid(f"Paging past {MOST_RESULTS} results is not possible")
    return limit, int(after)


def matches(row: dict[str, str | None], request: dict[str, Any], kinds: dict[str, str]) -> bool:
    """Return whether a record's properties pass the filter groups (any of them) and the free-text query."""
    groups = request.get("filterGroups") or []
    if groups and not any(all(_holds(row, f, kinds) for f in g.get("filters", [])) for g in groups):
        return False
    query = (request.get("query") or "").casefold()
    return not query or any(query in (row.get(name) or "").casefold() for name in QUERIED)


def _holds(row: dict[str, str | None], item: dict[str, Any], kinds: dict[str, str]) -> bool:
    name, operator = item["propertyName"], item["operator"]
    kind = kinds.get(name, "string")
    have = comparable(row.get(name), kind)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return (have is not None) == (operator == "HAS_PROPERTY")
    if operator in ("IN", "NOT_IN"):
        return (have in [comparable(str(v), kind) for v in item.get("values", [])]) == (operator == "IN")
    want = comparable(str(item.get("value", "")), kind)
    if operator in ("EQ", "NEQ"):
        return (have == want) == (operator == "EQ")
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return _has_token(str(row.get(name) or ""), str(item.get("value", ""))) == (operator == "CONTAINS_TOKEN")
    if have is None or want is None:
        return False
    if operator == "BETWEEN":
        high = comparable(str(item.get("highValue", "")), kind)
        return high is not None and bool(want <= have <= high)
    return bool({"LT": have < want, "LTE": have <= want, "GT": have > want, "GTE": have >= want}[operator])


def _has_token(text: str, pattern: str) -> bool:
    words = [w for w in "".join(c if c.isalnum() else " " for c in text.casefold()).split()]
    wanted = pattern.casefold()
    bare = wanted.strip("*")
    for word in (*words, text.casefold()):
        if wanted.startswith("*") and wanted.endswith("*") and bare in word:
            return True
        if wanted.endswith("*") and not wanted.startswith("*") and word.startswith(bare):
            return True
        if wanted.startswith("*") and not wanted.endswith("*") and word.endswith(bare):
            return True
        if word == wanted:
            return True
    return False


def ordered(rows: list[dict[str, Any]], request: dict[str, Any], kinds: dict[str, str]) -> list[dict[str, Any]]:
    """Return the records by the sort asked for, by id otherwise; records without the value come last."""
    rows = sorted(rows, key=lambda r: int(r["id"]))
    for sort in request.get("sorts") or []:
        spec = {"propertyName": sort.lstrip("-"), "direction": "DESCENDING" if sort.startswith("-") else "ASCENDING"} \
            if isinstance(sort, str) else sort  # fmt: skip
        name = spec["propertyName"]
        kind = kinds.get(name, "string")
        having = [r for r in rows if comparable(r["properties"].get(name), kind) is not None]
        lacking = [r for r in rows if comparable(r["properties"].get(name), kind) is None]
        having.sort(
            key=lambda r: comparable(r["properties"].get(name), kind), reverse=spec.get("direction") == "DESCENDING"
        )
        rows = having + lacking
    return rows
