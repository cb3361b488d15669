"""A Google Sheets that answers on this machine: it checks every request against Google's own discovery document.

The document is the one that google-api-python-client ships. What it cannot know, that ids exist and that cells are raw,
is kept here the way the reference describes it.
"""

import copy
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

DOCUMENT = json.loads(
    resources.files("googleapiclient").joinpath("discovery_cache/documents/sheets.v4.json").read_text("utf-8")
)
SHEET = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdef"
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "any": (object,),
}  # fmt: skip


class Wrong(Exception):
    """A request that Google would answer with 400."""


def check(schema: dict[str, Any], value: Any, where: str) -> None:
    """Raise Wrong where a value is not what a schema of the document says."""
    if "$ref" in schema:
        schema = DOCUMENT["schemas"][schema["$ref"]]
    kind = schema.get("type")
    if kind == "object":
        if not isinstance(value, dict):
            raise Wrong(f"{where}: {value!r} is no object")
        known = schema.get("properties", {})
        for name, part in value.items():
            if name not in known and "additionalProperties" not in schema:
                raise Wrong(f'Unknown name "{name}" at {where}')
            check(known.get(name) or schema["additionalProperties"], part, f"{where}.{name}")
        return
    if not isinstance(value, _TYPES[kind]) or (kind in ("integer", "number") and isinstance(value, bool)):
        raise Wrong(f"{where}: {value!r} is no {kind}")
    if kind == "array":
        for at, part in enumerate(value):
            check(schema["items"], part, f"{where}[{at}]")
    if "enum" in schema and value not in schema["enum"]:
        raise Wrong(f"{where}: {value!r} is none of {schema['enum']}")


class Google:
    """One spreadsheet and what was asked of it. `answers` are given before anything is done: (code, message)."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answers: list[tuple[int, str]] = []
        self.sheets: list[dict[str, Any]] = [
            {"properties": {"sheetId": 0, "title": "Sheet1", "gridProperties": {"rowCount": 1000, "columnCount": 26}},
             "charts": [], "developerMetadata": [], "conditionalFormats": []}
        ]  # fmt: skip
        self.values: dict[int, list[list[Any]]] = {0: [["mine"]]}
        self.token = (200, {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})

    def by_id(self, number: int) -> dict[str, Any]:
        found = next((s for s in self.sheets if s["properties"]["sheetId"] == number), None)
        if found is None:
            raise Wrong(f"No grid with id: {number}")
        return found

    def by_title(self, title: str) -> dict[str, Any]:
        found = next((s for s in self.sheets if s["properties"]["title"] == title), None)
        if found is None:
            raise Wrong(f"Unable to parse range: {title}")
        return found

    def tab(self, code: str) -> tuple[dict[str, Any], list[list[Any]]]:
        """Return a tab of ours and its cells."""
        for sheet in self.sheets:
            if any(m["metadataValue"] == code for m in sheet["developerMetadata"]):
                return sheet, self.values.get(sheet["properties"]["sheetId"], [])
        raise KeyError(code)

    # what Google does

    def answer(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Do what is asked."""
        if path == f"/v4/spreadsheets/{SHEET}" and method == "GET":
            return {"spreadsheetId": SHEET, "sheets": copy.deepcopy(self.sheets)}
        if path == f"/v4/spreadsheets/{SHEET}:batchUpdate":
            check({"$ref": "BatchUpdateSpreadsheetRequest"}, body, "body")
            before = copy.deepcopy((self.sheets, self.values))
            try:
                replies = [self._do(request) for request in body["requests"]]
            except Wrong:  # all or nothing
                self.sheets, self.values = before
                raise
            return {"spreadsheetId": SHEET, "replies": replies}
        if path == f"/v4/spreadsheets/{SHEET}/values:batchUpdate":
            check({"$ref": "BatchUpdateValuesRequest"}, body, "body")
            if body["valueInputOption"] != "RAW":
                raise Wrong("only raw values are wanted here")
            for part in body["data"]:
                self._write(part)
            return {"spreadsheetId": SHEET, "totalUpdatedSheets": len(body["data"])}
        raise LookupError(path)

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        ((name, said),) = request.items()
        if name == "addSheet":
            properties = said["properties"]
            for sheet in self.sheets:
                if sheet["properties"]["title"].casefold() == properties["title"].casefold():
                    raise Wrong(f'A sheet with the name "{properties["title"]}" already exists.')
                if sheet["properties"]["sheetId"] == properties["sheetId"]:
                    raise Wrong("Duplicate sheet id")
            self.sheets.append({"properties": copy.deepcopy(properties), "charts": [], "developerMetadata": [],
                                "conditionalFormats": []})  # fmt: skip
        elif name == "updateSheetProperties":
            held = self.by_id(said["properties"]["sheetId"])["properties"]
            held["gridProperties"] |= said["properties"]["gridProperties"]
            if said["fields"] != "gridProperties(rowCount,columnCount,frozenRowCount)":
                raise Wrong("fields")
        elif name == "createDeveloperMetadata":
            mark = said["developerMetadata"]
            self.by_id(mark["location"]["sheetId"])["developerMetadata"].append(mark)
        elif name == "addChart":
            self.by_id(said["chart"]["position"]["overlayPosition"]["anchorCell"]["sheetId"])["charts"].append(
                said["chart"]
            )
        elif name == "updateChartSpec":
            if not any(c["chartId"] == said["chartId"] for s in self.sheets for c in s["charts"]):
                raise Wrong(f"No chart with id: {said['chartId']}")
        elif name == "addConditionalFormatRule":
            self.by_id(said["rule"]["ranges"][0]["sheetId"])["conditionalFormats"].append(said["rule"])
        elif name == "repeatCell":
            self._repeat(said)
        elif name != "updateDimensionProperties":
            raise Wrong(f"not expected here: {name}")
        return {}

    def _repeat(self, said: dict[str, Any]) -> None:
        where = said["range"]
        grid = self.by_id(where["sheetId"])["properties"]["gridProperties"]
        if where["endRowIndex"] > grid["rowCount"] or where["endColumnIndex"] > grid["columnCount"]:
            raise Wrong("The range is outside the grid")
        if "userEnteredValue" in said["fields"]:
            rows = self.values.get(where["sheetId"], [])
            for row in rows[where["startRowIndex"] : where["endRowIndex"]]:
                end = min(where["endColumnIndex"], len(row))
                row[where["startColumnIndex"] : end] = [""] * max(0, end - where["startColumnIndex"])

    def _write(self, part: dict[str, Any]) -> None:
        found = re.fullmatch(r"'((?:[^']|'')+)'!A1", part["range"])
        if not found:
            raise Wrong(f"Unable to parse range: {part['range']}")
        sheet = self.by_title(found[1].replace("''", "'"))
        grid = sheet["properties"]["gridProperties"]
        if len(part["values"]) > grid["rowCount"] or max(map(len, part["values"])) > grid["columnCount"]:
            raise Wrong("exceeds grid limits")
        held = self.values.setdefault(sheet["properties"]["sheetId"], [])
        for at, row in enumerate(part["values"]):
            held += [[] for _ in range(at + 1 - len(held))]
            held[at][: len(row)] = row


class Server:
    """The spreadsheet over HTTP."""

    def __init__(self, google: Google) -> None:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                raw, path = self.rfile.read(length), urlsplit(self.path)
                code, said = _answered(google, self.command, path.path, parse_qs(path.query), raw, self.headers)
                text = json.dumps(said).encode()
                self.send_response(code)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = _answer

            def log_message(self, *said: Any) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def _answered(
    google: Google, method: str, path: str, query: dict[str, list[str]], raw: bytes, headers: Any
) -> tuple[int, dict[str, Any]]:
    if path == "/token":
        return google.token
    google.calls.append(f"{method} {path}")
    if headers.get("authorization") != "Bearer t":
        return _error(401, "Request had invalid authentication credentials.")
    if google.answers:
        return _error(*google.answers.pop(0))
    known = DOCUMENT["resources"]["spreadsheets"]["methods"]["get"]["parameters"] | DOCUMENT["parameters"]
    if unknown := set(query) - set(known):
        return _error(400, f"Unknown name {unknown}")
    try:
        return 200, google.answer(method, path, json.loads(raw) if raw else None)
    except Wrong as error:
        return _error(400, f"Invalid requests: {error}")
    except LookupError:
        return _error(404, "Requested entity was not found.")


def _error(code: int, message: str) -> tuple[int, dict[str, Any]]:
    return code, {"error": {"code": code, "message": message, "status": "X"}}
