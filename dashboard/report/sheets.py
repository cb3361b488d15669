"""A report in a Google Sheet: the tabs of the workbook, overwritten in place, in three calls whatever their size.

Our tabs are known by a mark on them (developer metadata), not by name or place: a person may rename, move or colour
them, and add tabs and columns to the right; none of that is touched. Values go in raw: no text becomes a formula.

Source: developers.google.com/workspace/sheets/api, "Usage limits" (300 reads and 300 writes a minute; 429 is waited
out), "spreadsheets.batchUpdate", "ValueInputOption"; support.google.com "Files you can store" (10 million cells).
"""

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

import gspread
import requests
import stamina
from google.auth import exceptions as google_errors

from dashboard.report.book import Tab, tabs, widths
from dashboard.report.keys import key
from dashboard.report.week import Report
from dashboard.words import _, several
from extract.vendor import MissingRight, Refused, Unauthorised, Unreachable
from reconcile.state import State

NAME = "sheets"
SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
MARK = "cuadra"  # key of the metadata that says which of our tabs a tab is
CELLS = 10_000_000
FIRST_ID = 711_000_000  # ids of our tabs: what formats a new tab goes in the request that makes it
ATTEMPTS, FIRST_WAIT, LONGEST_WAIT = 6, 2.0, 64.0  # Google asks for growing waits up to 64 s
_EPOCH = dt.datetime(1899, 12, 30)  # day 0 of Sheets
_FORMATS: dict[str, dict[str, Any]] = {
    "money": {"numberFormat": {"type": "NUMBER", "pattern": "#,##0.00"}},
    "days": {"numberFormat": {"type": "NUMBER", "pattern": "0.0"}},
    "count": {"numberFormat": {"type": "NUMBER", "pattern": "#,##0"}},
    "date": {"numberFormat": {"type": "DATE", "pattern": "yyyy-mm-dd"}},
    "moment": {"numberFormat": {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm"}},
}
_HEAD = {"textFormat": {"bold": True, "foregroundColorStyle": {"rgbColor": {"red": 1, "green": 1, "blue": 1}}},
         "backgroundColorStyle": {"rgbColor": {"red": 0.24, "green": 0.26, "blue": 0.78}}}  # fmt: skip
_TITLE = {"textFormat": {"bold": True, "fontSize": 14}}


def says(report: Report) -> str:
    """Return in a line what would be written."""
    found = tabs(report)
    cells = sum(len(row) for tab in found for row in tab.rows)
    return _("{tabs} tabs, {cells} cells would be written").format(tabs=len(found), cells=f"{cells:,}")


def write(report: Report, sheet: str, store: State) -> dict[str, Any]:
    """Write all tabs into a sheet (its address or id). Raises Refused, Unauthorised, MissingRight or Unreachable."""
    wanted = _id(sheet)
    client, email = _client(store)
    made = tabs(report)
    held = _asked(lambda: client.fetch_sheet_metadata(wanted, {"includeGridData": "false"}), email)
    places = _places(held, made)
    _fits(held, made, places)
    names = {place["id"]: place["name"] for place in places}
    _asked(lambda: client.batch_update(wanted, {"requests": _layout(made, places)}), email)
    data = [
        {"range": f"{_quoted(place['name'])}!A1", "values": [[_cell(*cell) for cell in row] for row in tab.rows]}
        for tab, place in zip(made, places, strict=True)
    ]
    _asked(lambda: client.values_batch_update(wanted, {"valueInputOption": "RAW", "data": data}), email)
    return {"id": wanted, "says": several("{count} tab written", "{count} tabs written", len(names))}


def _id(sheet: str) -> str:
    found = re.search(r"/d/([\w-]+)", sheet)
    if found:
        return found[1]
    if not re.fullmatch(r"[\w-]{20,}", sheet):
        raise Refused(NAME, f'"{sheet}" is no Google Sheet: copy its address into [reports] of settings.toml', 400)
    return sheet


def _client(store: State) -> tuple[Any, str]:
    """Return gspread's HTTP client and the address of the service account."""
    try:
        info = json.loads(key(NAME, store))
        return gspread.service_account_from_dict(info, scopes=SCOPES).http_client, str(info["client_email"])
    except (ValueError, KeyError, google_errors.GoogleAuthError) as error:
        raise Unauthorised(NAME, "the key is no service account's JSON file: download it again and enter it on the "
                                 "page Reports", 401) from error  # fmt: skip


def _asked(call: Any, email: str) -> Any:
    """Return the answer of a call, waiting while Google says that it is asked too often."""
    try:
        for attempt in stamina.retry_context(on=_is_pause, attempts=ATTEMPTS, timeout=240, wait_initial=FIRST_WAIT,
                                             wait_max=LONGEST_WAIT):  # fmt: skip
            with attempt:
                return call()
    except gspread.exceptions.APIError as error:
        raise _no(error, email) from error
    except google_errors.RefreshError as error:
        raise Unauthorised(NAME, "Google no longer knows the key: make a new one for the service account and enter it "
                                 "on the page Reports", 401) from error  # fmt: skip
    except (requests.RequestException, google_errors.TransportError) as error:
        raise Unreachable(NAME, f"Google cannot be reached ({error}); it is tried again later") from error


def _is_pause(error: Exception) -> bool:
    return isinstance(error, gspread.exceptions.APIError) and error.code in (429, 500, 502, 503, 504)


def _no(error: gspread.exceptions.APIError, email: str) -> Exception:
    """Return in our words what an answer of Google means."""
    said = str(error.error.get("message", error))
    if error.code == 404:
        return Refused(NAME, "the sheet is gone: make a new one and enter its address on the page Reports", 404)
    if "protected" in said:
        return MissingRight(NAME, f"a tab of ours is protected: let {email} edit it (Data → Protect sheets)", 400)
    if "limit of 10000000 cells" in said:
        return Refused(NAME, _FULL, 400)
    if error.code in (401, 403):
        return MissingRight(NAME, f"the sheet is not shared with us: share it with {email} as editor", error.code)
    if error.code == 429 or error.code >= 500:
        return Unreachable(NAME, f"Google asked to wait longer than we did ({said}); it is tried again later")
    return Refused(NAME, said, error.code)


_FULL = "the sheet is full (10 million cells): delete tabs that nobody needs, or enter a new sheet"


def _places(held: dict[str, Any], made: list[Tab]) -> list[dict[str, Any]]:
    """Return for each tab its id, name, size, and whether it is there already."""
    marked: dict[str, dict[str, Any]] = {}
    for sheet in held.get("sheets", []):
        for mark in sheet.get("developerMetadata", []):
            if mark.get("metadataKey") == MARK:
                marked[mark["metadataValue"]] = sheet
    taken = {s["properties"]["title"].casefold() for s in held.get("sheets", [])}
    used = {s["properties"]["sheetId"] for s in held.get("sheets", [])}
    places = []
    for number, tab in enumerate(made):
        sheet = marked.get(tab.code)
        if sheet:
            properties = sheet["properties"]
            grid = properties.get("gridProperties", {})
            places.append({"id": properties["sheetId"], "name": properties["title"], "is_new": False, "charts":
                           [c["chartId"] for c in sheet.get("charts", [])],
                           "size": (grid.get("rowCount", 1), grid.get("columnCount", 1))})  # fmt: skip
            continue
        fresh = next(i for i in range(FIRST_ID + number * 1000, FIRST_ID + number * 1000 + 1000) if i not in used)
        name = next(n for n in (tab.name, *(f"{tab.name} ({i})" for i in range(2, 99))) if n.casefold() not in taken)
        taken.add(name.casefold())
        places.append({"id": fresh, "name": name, "is_new": True, "charts": [], "size": (0, 0)})
    return places


def _size(tab: Tab) -> tuple[int, int]:
    return len(tab.rows) + 1, max((len(row) for row in tab.rows), default=1)


def _fits(held: dict[str, Any], made: list[Tab], places: list[dict[str, Any]]) -> None:
    grids = [s["properties"].get("gridProperties", {}) for s in held.get("sheets", [])]
    now = sum(g.get("rowCount", 0) * g.get("columnCount", 0) for g in grids)
    more = 0
    for tab, place in zip(made, places, strict=True):
        rows, columns = (max(a, b) for a, b in zip(_size(tab), place["size"], strict=True))
        more += rows * columns - place["size"][0] * place["size"][1]
    if now + more > CELLS:
        raise Refused(NAME, _FULL, 400)


def _layout(made: list[Tab], places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the requests that make tabs, give them room, empty our columns and say how values look."""
    asked: list[dict[str, Any]] = []
    for tab, place in zip(made, places, strict=True):
        rows, columns = (max(a, b) for a, b in zip(_size(tab), place["size"], strict=True))
        grid = {"rowCount": rows, "columnCount": columns, "frozenRowCount": tab.head + 1}
        properties = {"sheetId": place["id"], "gridProperties": grid}
        if place["is_new"]:
            asked += [{"addSheet": {"properties": properties | {"title": place["name"]}}}, _mark(tab, place["id"])]
            asked += [_wide(place["id"], at, wide) for at, wide in enumerate(widths(tab.rows))]
        else:
            asked.append({"updateSheetProperties": {"properties": properties, "fields": "gridProperties(rowCount,"
                                                    "columnCount,frozenRowCount)"}})  # fmt: skip
        ours = {"sheetId": place["id"], "startRowIndex": 0, "endRowIndex": rows, "startColumnIndex": 0,
                "endColumnIndex": _size(tab)[1]}  # fmt: skip
        asked.append({"repeatCell": {"range": ours, "cell": {}, "fields": "userEnteredValue,userEnteredFormat"}})
        asked += _looks(tab, place["id"])
        if place["is_new"]:
            asked += _conditions(tab, place["id"])
        asked += _charted(tab, place)
    return asked


def _mark(tab: Tab, sheet: int) -> dict[str, Any]:
    place = {"sheetId": sheet}
    return {"createDeveloperMetadata": {"developerMetadata": {
        "metadataKey": MARK, "metadataValue": tab.code, "location": place, "visibility": "DOCUMENT"}}}  # fmt: skip


def _wide(sheet: int, at: int, characters: int) -> dict[str, Any]:
    where = {"sheetId": sheet, "dimension": "COLUMNS", "startIndex": at, "endIndex": at + 1}
    return {"updateDimensionProperties": {"range": where, "properties": {"pixelSize": 8 * characters + 12},
                                          "fields": "pixelSize"}}  # fmt: skip


def _looks(tab: Tab, sheet: int) -> list[dict[str, Any]]:
    """Return the formats: one request for each run of cells of a sort down a column."""
    asked, runs = [], {}  # type: ignore[var-annotated]
    for y, row in enumerate(tab.rows):
        for x, (_value, sort) in enumerate(row):
            last = runs.get(x)
            if last and last[0] == sort and last[2] == y:
                last[2] = y + 1
            else:
                runs[x] = [sort, y, y + 1]
                asked.append((x, runs[x]))
    looks = {**_FORMATS, "head": _HEAD, "title": _TITLE}
    return [
        {"repeatCell": {"range": {"sheetId": sheet, "startRowIndex": first, "endRowIndex": end, "startColumnIndex": x,
                                  "endColumnIndex": x + 1},
                        "cell": {"userEnteredFormat": looks[sort]}, "fields": "userEnteredFormat"}}
        for x, (sort, first, end) in asked if sort in looks
    ]  # fmt: skip


def _conditions(tab: Tab, sheet: int) -> list[dict[str, Any]]:
    """Return that amounts below zero are red, wherever the tab has amounts."""
    columns = sorted({x for row in tab.rows for x, (_v, sort) in enumerate(row) if sort == "money"})
    if not columns:
        return []
    ranges = [{"sheetId": sheet, "startRowIndex": 1, "startColumnIndex": x, "endColumnIndex": x + 1} for x in columns]
    red = {"textFormat": {"foregroundColorStyle": {"rgbColor": {"red": 0.84, "green": 0.37, "blue": 0}}}}
    rule = {"ranges": ranges, "booleanRule": {"format": red, "condition": {
        "type": "NUMBER_LESS", "values": [{"userEnteredValue": "0"}]}}}  # fmt: skip
    return [{"addConditionalFormatRule": {"rule": rule, "index": 0}}]


def _charted(tab: Tab, place: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the chart of open invoices by age, of the first currency; one that a person deleted stays away."""
    if tab.code != "ageing" or len(tab.rows) < 2:
        return []
    heads = [value for value, _sort in tab.rows[0]]
    money = next(x for x, (_v, sort) in enumerate(tab.rows[1]) if sort == "money")
    currency = tab.rows[1][1][0]
    last = 1 + sum(row[1][0] == currency for row in tab.rows[1:])

    def column(x: int) -> dict[str, Any]:
        return {"sourceRange": {"sources": [{"sheetId": place["id"], "startRowIndex": 0, "endRowIndex": last,
                                             "startColumnIndex": x, "endColumnIndex": x + 1}]}}  # fmt: skip

    spec = {"title": f"{tab.name} · {currency}", "altText": f"{heads[money]} / {heads[0]}", "basicChart": {
        "chartType": "COLUMN", "legendPosition": "NO_LEGEND", "headerCount": 1, "domains": [{"domain": column(0)}],
        "series": [{"series": column(money), "targetAxis": "LEFT_AXIS"}]}}  # fmt: skip
    number = place["id"] + 1
    if not place["is_new"]:
        return [{"updateChartSpec": {"chartId": number, "spec": spec}}] if number in place["charts"] else []
    anchor = {"sheetId": place["id"], "rowIndex": 1, "columnIndex": _size(tab)[1] + 1}
    return [{"addChart": {"chart": {"chartId": number, "spec": spec, "position": {
        "overlayPosition": {"anchorCell": anchor}}}}}]  # fmt: skip


def _cell(value: Any, sort: str) -> Any:
    """Return a value as Sheets takes it raw: a number, a day as the count since 1899, or text."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)  # what the sheet holds; JSON has its shortest form
    if isinstance(value, dt.datetime):
        return (value - _EPOCH) / dt.timedelta(days=1)
    if isinstance(value, dt.date):
        return (value - _EPOCH.date()).days
    return value if isinstance(value, int) else str(value)[:50_000]


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
