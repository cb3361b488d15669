"""Google Sheets by the real gspread against a server that checks each request by Google's discovery document."""

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import gspread.http_client
import pytest
import stamina
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google_server import SHEET, Google, Server

from dashboard.report import book, deliver, keys, period, schedule, sheets, week
from reconcile import settings as choices
from reconcile.settings import Company, Reports, Settings
from reconcile.state import State, state

D = Decimal
LAST_WEEK = period.last("week", dt.date(2026, 11, 23))
EMAIL = "cuadra@project.iam.gserviceaccount.example"
KEY = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    made = Google()
    server = Server(made)
    for name, value in list(vars(gspread.http_client).items()):
        if isinstance(value, str) and value.startswith("https://sheets.googleapis.com"):
            monkeypatch.setattr(gspread.http_client, name, value.replace("https://sheets.googleapis.com", server.url))
    account = {"type": "service_account", "client_email": EMAIL, "private_key": KEY, "private_key_id": "1",
               "token_uri": f"{server.url}/token"}  # fmt: skip
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", json.dumps(account))
    stamina.set_testing(True, attempts=4)
    yield made
    stamina.set_testing(False)
    server.stop()


@pytest.fixture
def store(small: Path) -> State:
    return state(small)


@pytest.fixture
def report(small: Path) -> week.Report:
    return week.make(small, LAST_WEEK, Settings(company=Company(name="Small SL")))


@pytest.mark.capability("REPORT-2", "PLUS-11", "REPORT-6")
def test_every_cell_is_the_reports_and_a_second_run_changes_nothing(
    google: Google, store: State, report: week.Report
) -> None:
    """Three calls; each tab holds its table; the same again gives the same, with no tab, rule or chart twice."""
    address = f"https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=0"
    sheets.write(report, address, store)
    assert len(google.calls) == 3
    for tab in book.tabs(report):
        _sheet, cells = google.tab(tab.code)
        for told, wanted in zip(cells, tab.rows, strict=True):
            for cell, (value, sort) in zip(told, wanted, strict=True):
                if isinstance(value, D):
                    assert D(str(cell)) == value and not isinstance(cell, str)
                elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
                    assert dt.date(1899, 12, 30) + dt.timedelta(days=cell) == value
                elif sort in ("text", "head", "title"):
                    assert cell == (value or "")
    before = json.dumps([google.sheets, google.values], sort_keys=True)
    sheets.write(report, SHEET, store)
    assert len(google.calls) == 6
    assert json.dumps([google.sheets, google.values], sort_keys=True) == before
    assert google.values[0] == [["mine"]]
    flat, cells = google.tab("flat")
    assert flat["properties"]["title"] == "Data" and cells[0][0] == "period"
    assert flat["properties"]["gridProperties"]["frozenRowCount"] == 1
    assert len(google.tab("ageing")[0]["charts"]) == 1 and len(google.tab("overdue")[0]["conditionalFormats"]) == 1


def test_what_begins_like_a_formula_arrives_as_text(google: Google, store: State, report: week.Report) -> None:
    sheets.write(report, SHEET, store)
    _sheet, cells = google.tab("payments")
    assert cells[1][2] == "=Acme & <b>Señales</b>"


def test_a_sheet_that_a_person_has_rearranged_is_not_destroyed(
    google: Google, store: State, report: week.Report
) -> None:
    """Renamed, moved, a note to the right, a chart thrown away, a tab of the same name of their own: all stay."""
    sheets.write(report, SHEET, store)
    ours, cells = google.tab("overdue")
    ours["properties"]["title"] = "Who owes us ("
    ours["properties"]["gridProperties"]["columnCount"] = 20
    cells[1] += ["call Ana"]
    google.sheets.reverse()
    google.tab("ageing")[0]["charts"].clear()
    mine = {"sheetId": 5, "title": "Summary", "gridProperties": {"rowCount": 2, "columnCount": 2}}
    google.sheets = [s for s in google.sheets if s["properties"]["title"] != "Summary"]
    google.sheets.append({"properties": mine, "charts": [], "developerMetadata": [], "conditionalFormats": []})
    google.values[5] = [["my own"]]
    order = [s["properties"]["title"] for s in google.sheets]
    sheets.write(report, SHEET, store)
    assert [s["properties"]["title"] for s in google.sheets] == [*order, "Summary (2)"]
    _sheet, cells = google.tab("overdue")
    assert cells[1][0] == "FV-2026-104" and cells[1][-1] == "call Ana"
    assert google.values[5] == [["my own"]] and google.tab("ageing")[0]["charts"] == []
    assert google.tab("summary")[0]["properties"]["title"] == "Summary (2)"


def test_a_list_that_got_shorter_leaves_nothing_behind(google: Google, store: State, small: Path) -> None:
    settings = Settings()
    sheets.write(week.make(small, LAST_WEEK, settings), SHEET, store)
    assert google.tab("deals")[1][2][1] == "Audit"
    sheets.write(week.make(small, LAST_WEEK.before, settings), SHEET, store)
    cells = google.tab("deals")[1]
    assert cells[1][1] == "Training" and all(not any(row) for row in cells[2:])


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([(404, "Requested entity was not found.")], "the sheet is gone: make a new one"),
        ([(403, "The caller does not have permission")], f"share it with {EMAIL} as editor"),
        ([(400, "You are trying to edit a protected cell or object.")], f"is protected: let {EMAIL} edit it"),
        ([(400, "This action would increase the number of cells in the workbook above the limit of 10000000 cells.")],
         "the sheet is full"),
        ([(429, "Quota exceeded")] * 9, "Google asked to wait longer"),
    ],
    ids=["deleted", "not shared", "protected", "full", "quota"],
)  # fmt: skip
def test_what_google_refuses_says_what_to_do_and_the_others_go_out(
    google: Google, small: Path, tmp_path: Path, answers: list[tuple[int, str]], says: str
) -> None:
    choices.save(Settings(reports=Reports(sheet=SHEET)), small)
    google.answers = answers
    done = deliver.deliver(small, LAST_WEEK, ["sheets", "xlsx"], "test", out=tmp_path)
    assert says in done[0].says and not done[0].is_well
    assert done[1].state == "written"
    google.answers = []
    assert deliver.deliver(small, LAST_WEEK, ["sheets"], "test")[0].state == "done"


def test_an_address_that_was_mended_is_tried_again_in_the_same_line(google: Google, small: Path) -> None:
    """The history has one line for a place and a week: it failed, somebody entered the right sheet, it is done."""
    choices.save(Settings(reports=Reports(sheet="my sheet")), small)
    assert deliver.deliver(small, LAST_WEEK, ["sheets"], "test")[0].state == "refused"
    (failed,) = deliver.history(small)
    choices.save(Settings(reports=Reports(sheet=SHEET)), small)
    assert schedule.again(small, failed, "ana").state == "done"
    (mended,) = deliver.history(small)
    assert (mended["state"], mended["recipient"], mended["who"]) == ("done", SHEET, "ana")


def test_a_quota_is_waited_out(google: Google, store: State, report: week.Report) -> None:
    google.answers = [(429, "Quota exceeded"), (503, "Unavailable")]
    assert sheets.write(report, SHEET, store)["id"] == SHEET
    assert len(google.calls) == 5


def test_a_full_sheet_is_seen_before_anything_is_touched(google: Google, store: State, report: week.Report) -> None:
    google.sheets[0]["properties"]["gridProperties"] = {"rowCount": 9_999_990, "columnCount": 1}
    with pytest.raises(Exception, match="the sheet is full"):
        sheets.write(report, SHEET, store)
    assert len(google.calls) == 1 and len(google.sheets) == 1


def test_a_key_that_was_taken_back_or_is_none_says_so(
    google: Google, store: State, report: week.Report, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.token = (400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    choices.save(Settings(reports=Reports(sheet=SHEET)), small)
    revoked, file = deliver.deliver(small, LAST_WEEK, ["sheets", "csv"], "test", out=small)
    assert revoked.state == "refused" and "no longer knows the key" in revoked.says and file.state == "written"
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", "{}")
    with pytest.raises(Exception, match="JSON file"):
        sheets.write(report, SHEET, store)
    monkeypatch.delenv("GOOGLE_SERVICE_ACCOUNT")
    with pytest.raises(Exception, match="page Reports"):
        keys.key("sheets", store)
    with pytest.raises(Exception, match="is no Google Sheet"):
        sheets.write(report, "my sheet", store)
