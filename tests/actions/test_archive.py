"""The archive: each PDF once, under Year/Month/Customer, with checksum, day and payment state, and its copies."""

import csv
import datetime as dt
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from company import Shop
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from typer.testing import CliRunner

from dashboard import cli, jobs
from reconcile.actions.archive_file import checksum
from reconcile.actions.archive_note import ArchiveNote
from reconcile.archive.paths import path_of
from reconcile.archive.place import place
from reconcile.archive.run import LAST, archive
from reconcile.archive.words import said
from reconcile.archive.work import work
from reconcile.settings import Archive, load
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
FEW = 6


def command(shop: Shop, *words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(cli.app, ["--data", str(shop.data), "archive", "--json", *words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout else None


def few(shop: Shop, where: str = "archive_file") -> Any:
    """The last few documents, archived."""
    plans = [p for p in work(shop.data).plans if p.action == where][-FEW:]
    return archive(shop.data, "ana", plans)


def stored(shop: Shop) -> list[Path]:
    root = shop.data / "archive"
    return sorted(p.relative_to(root) for p in root.rglob("*.pdf"))


def index(shop: Shop) -> list[dict[str, str]]:
    with (shop.data / "archive" / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def page(shop: Shop, name: str, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app.query_params.update(query)
    app._page_hash = calc_hash(name)
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.capability("ARCH-3")
@pytest.mark.parametrize(
    ("customer", "number", "wanted"),
    [
        ("Acme / Söhne: GmbH & Co. KG.", "F/2026-1", "2026/03/Acme - Söhne GmbH & Co. KG/F-2026-1.pdf"),
        ("../../etc", "..\\..\\passwd", "2026/03/-..-etc/-..-passwd.pdf"),
        ("CON", "NUL", "2026/03/CON_/NUL_.pdf"),
        ("....", "F\u202e1\x00", "2026/03/No name/F1.pdf"),
        (None, "1", "2026/03/No name/1.pdf"),
    ],
)  # fmt: skip
def test_a_path_is_year_month_customer_number(customer: str | None, number: str, wanted: str) -> None:
    """What a file system or a cloud takes amiss is cleaned away; nothing leaves its folder."""
    path = path_of(dt.date(2026, 3, 9), customer, number)
    assert path == wanted
    assert len(path.split("/")) == 4 and ".." not in path.split("/")


@pytest.mark.capability("ARCH-3")
def test_files_land_once_in_year_month_customer(shop: Shop) -> None:
    """By the command: a preview writes nothing; then each document stands once; the second time nothing is due."""
    planned = command(shop, "--dry-run")
    assert not stored(shop) and len(planned) > 300
    plans = [p for p in work(shop.data).plans][-FEW:]
    for _ in range(2):  # pressed twice
        done = archive(shop.data, "ana", plans)
        assert done.is_well and done.stored["files"] == FEW
    paths = stored(shop)
    assert [str(p) for p in paths] == sorted(p.data["path"] for p in plans)
    by_path = {d["number"]: d for d in work(shop.data).documents}
    for path in paths:
        one = by_path[path.stem]
        assert path.parts[:2] == (f"{one['issued_on']:%Y}", f"{one['issued_on']:%m}")
        assert (shop.data / "archive" / path).read_bytes().startswith(b"%PDF-")
    assert len(work(shop.data).plans) == len(planned) - FEW


@pytest.mark.capability("ARCH-3")
def test_two_documents_of_one_name_get_two_files(shop: Shop) -> None:
    """Numbers that differ in what a file name cannot hold, or only in capitals, and a stranger's file: none is lost."""
    import duckdb

    first, second, third = sorted(
        p.subject.id for p in work(shop.data).plans[-3:]
    )  # of one day, the lowest id is first
    with duckdb.connect(str(shop.data / "warehouse.duckdb")) as db:
        db.execute("UPDATE invoices SET customer_name = 'Acme', issued_on = DATE '2026-03-09' WHERE id IN (?, ?, ?)",
                   [first, second, third])  # fmt: skip
        for id, number in ((first, "F/1"), (second, "f-1"), (third, "STRANGE")):
            db.execute("UPDATE invoices SET number = ? WHERE id = ?", [number, id])
    strange = shop.data / "archive" / "2026" / "03" / "Acme" / "STRANGE.pdf"
    strange.parent.mkdir(parents=True)
    strange.write_bytes(b"somebody's own")
    plans = [p for p in work(shop.data).plans if p.subject.id in (first, second, third)]
    assert archive(shop.data, "ana", plans).is_well
    assert strange.read_bytes() == b"somebody's own"
    names = {p.name for p in stored(shop)}
    assert len(names) == 4 and {"F-1.pdf", "STRANGE.pdf", f"STRANGE ({third}).pdf"} < names


@pytest.mark.capability("ARCH-1")
def test_an_archived_invoice_shows_its_file_checksum_and_day(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its page: path, SHA-256 and day; the button hands out the very bytes; archived again nothing is added."""
    few(shop)
    row = index(shop)[-1]
    app = page(shop, "deals", monkeypatch, invoice=f"stripe:{row['id']}")
    text = " ".join(c.value for c in app.caption).replace("\\", "")
    assert row["path"] in text and row["sha256"] in text and "Archived" in text
    assert any(b.label == "PDF from the archive" for b in app.get("download_button"))
    content = place(shop.data, load(shop.data).archive, shop.store).get(row["path"])
    assert content is not None and content.startswith(b"%PDF-") and row["number"].encode() in content
    assert hashlib.sha256(content).hexdigest() == row["sha256"] and int(row["size"]) == len(content)
    assert str(dt.datetime.now(dt.UTC).date()) in row["stored_at"]
    listed = page(shop, "archive", monkeypatch)
    assert {m.label: m.value for m in listed.metric}["Kept in: Folder"] == str(FEW)
    table = listed.dataframe[0].value
    assert row["sha256"][:12] in set(table["checksum"]) and row["path"] in set(table["path"])


@pytest.mark.capability("ARCH-1")
def test_a_file_that_came_to_harm_is_told(shop: Shop) -> None:
    """One that is gone is stored again; one that somebody changed is reported and never overwritten."""
    few(shop)
    gone, changed = (shop.data / "archive" / p for p in stored(shop)[:2])
    assert command(shop, "--verify") == {"files": FEW, "harmed": []}
    gone.unlink()
    changed.write_bytes(b"%PDF-other")
    harmed = {h["path"]: h["what"] for h in command(shop, "--verify", code=1)["harmed"]}
    assert harmed == {str(gone.relative_to(shop.data / "archive")): "gone",
                      str(changed.relative_to(shop.data / "archive")): "changed"}  # fmt: skip
    plans = [p for p in work(shop.data).plans if p.data["checksum"]]
    assert [p.data["path"] for p in plans] == [str(gone.relative_to(shop.data / "archive"))]
    assert archive(shop.data, "ana", plans).is_well and gone.exists()
    assert changed.read_bytes() == b"%PDF-other" and len(stored(shop)) == FEW


@pytest.mark.capability("ARCH-4")
def test_the_index_follows_payment_and_sending(shop: Shop) -> None:
    """Beside the files: sending date and payment state; paid in billing, the index says so after the next reading."""
    documents = {d["id"]: d for d in work(shop.data).documents}
    open_ = [i for i, d in documents.items() if d["state"] == "sent" and d["sent_at"]][-1]
    plans = [p for p in work(shop.data).plans if p.subject.id == open_]
    assert archive(shop.data, "ana", plans).is_indexed
    (row,) = index(shop)
    assert (row["payment_state"], row["paid_on"]) == ("sent", "")
    assert row["sent_on"] == str(documents[open_]["sent_at"].date())
    assert not archive(shop.data, "ana", ()).is_indexed, "an index that says the same is not written again"
    assert shop.post(f"invoices/{open_}/pay") is not None
    shop.look_again()
    before = stored(shop)
    assert archive(shop.data, "ana", ()).is_indexed
    (row,) = index(shop)
    assert row["payment_state"] == "paid" and row["paid_on"] and stored(shop) == before


@pytest.mark.capability("ARCH-2")
def test_three_places_and_one_that_fails_stops_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, CRM and accounting: the CRM refuses files, the others get theirs; then it gets them too, each once."""
    documents = [d for d in work(shop.data).documents if d["deal_id"]]
    since = documents[-3]["issued_on"]
    shop.set(archive=Archive(crm=True, accounting="books@example.com", since=since))
    plans = [p for p in work(shop.data).plans if p.subject.id in {d["id"] for d in documents[-2:]}]
    assert {p.action for p in plans} == {"archive_file", "archive_note", "archive_mail"} and len(plans) == 6
    assert work(shop.data).plans and not shop.changed()["notes"], "a preview writes nothing"

    shop.post("faults", [{"kind": "status", "match": "/files$", "method": "POST", "status": 403}])
    done = archive(shop.data, "ana", plans)
    assert done.stored == {"files": 2, "mail": 2} and {f.place for f in done.failed} == {"crm"}
    assert "403" in done.failed[0].error
    shown = " ".join(e.value for e in page(shop, "archive", monkeypatch).error)
    assert "CRM" in shown and "403" in shown

    shop.post("faults", [])
    for _ in range(2):
        done = archive(shop.data, "ana", plans)
        assert done.is_well
    books, names = shop.changed(), [f"{d['number']}.pdf" for d in documents[-2:]]
    notes = {note["hs_attachment_ids"][0] + ".pdf": note["on"] for note in books["notes"]}
    assert sorted(notes) == sorted(names) and len(books["notes"]) == 2
    for one in documents[-2:]:
        assert f"deals:{one['deal_id']}" in notes[f"{one['number']}.pdf"]
    mails = [m for m in books["mails"] if "books@example.com" in m["to"]]
    assert sorted(m["attachments"][0] for m in mails) == sorted(names) and len(mails) == 2
    row = next(r for r in index(shop) if r["number"] == documents[-1]["number"])
    assert row["crm_note"] and row["accounting"] == "books@example.com"


@pytest.mark.capability("ARCH-2")
@pytest.mark.parametrize("off", ["files", "crm", "mail"])
def test_each_place_can_be_switched_off(shop: Shop, off: str) -> None:
    """What is off gets nothing, and nothing is planned for it."""
    on = {"files": True, "crm": True, "accounting": "books@example.com"}
    on |= {"files": {"files": False}, "crm": {"crm": False}, "mail": {"accounting": ""}}[off]
    shop.set(archive=Archive.model_validate(on))
    planned = {p.action for p in work(shop.data).plans}
    every = {"files": "archive_file", "crm": "archive_note", "mail": "archive_mail"}
    assert planned == set(every.values()) - {every[off]}


@pytest.mark.capability("ARCH-2")
def test_a_place_that_is_out_of_reach_is_said_and_left_alone(shop: Shop) -> None:
    """The folder cannot be written: the run says where and what to do, and accounting still gets its mail."""
    last = work(shop.data).documents[-1]
    (shop.data / "wall").write_text("a file where a folder should be")
    shop.set(archive=Archive(options={"root": str(shop.data / "wall")}, accounting="books@example.com",
                             since=last["issued_on"]))  # fmt: skip
    done = archive(shop.data, "ana")
    assert done.stored["mail"] >= 1 and done.stored["files"] == 0
    assert {f.place for f in done.failed} == {"files"} and "Folder" in done.failed[0].error
    kept = state(shop.data).value(LAST)
    assert kept["failed"][0]["place"] == "files"


@pytest.mark.capability("ARCH-2")
def test_after_a_reading_copies_go_by_themselves_and_a_wrong_option_stops_no_reading(shop: Shop) -> None:
    """Switched on, the automations archive too: each document once however often; a place that is none is told."""
    last = work(shop.data).documents[-1]
    shop.set(archive=Archive(by_itself=True, options={"bucket": "x"}, accounting="books@example.com",
                             since=last["issued_on"]))  # fmt: skip
    for _ in range(2):
        jobs.automate(shop.data)
    mails = [m["attachments"][0] for m in shop.changed()["mails"] if "books@example.com" in m["to"]]
    assert f"{last['number']}.pdf" in mails and len(mails) == len(set(mails))
    told = state(shop.data).value(LAST)["failed"]
    assert told[0]["place"] == "files" and "archive.options.bucket: Folder has root" in told[0]["error"]


def test_what_is_no_pdf_is_not_stored(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a proxy in place of the file is refused; after three in a row the rest waits for the next run."""
    from extract.vendors.stripe import Stripe

    plans = work(shop.data).plans[-20:]
    monkeypatch.setattr(Stripe, "invoice_pdf", lambda self, id: b"<html>sign in</html>")
    done = archive(shop.data, "ana", plans)
    assert not stored(shop) and len(done.failed) + done.left == len(plans) and done.left >= 1
    assert "no PDF" in done.failed[0].error
    monkeypatch.undo()
    assert archive(shop.data, "ana", plans[:FEW]).is_well and len(stored(shop)) == FEW


def test_the_pdfs_go_with_a_reminder_where_that_is_wished(shop: Shop) -> None:
    """The letter and the PDF of each invoice that it lists, fetched when it is sent."""
    reminders = load(shop.data).reminders
    shop.set(reminders=reminders.model_copy(update={"attach": True, "tasks": False}))
    plan = next(p for p in shop.plans(*[r[0] for r in shop.rows(
        "SELECT id FROM findings WHERE \"check\" = 'overdue' AND state = 'open'")]) if p.is_ready)  # fmt: skip
    assert plan.draft is not None and plan.draft.attached  # type: ignore[union-attr]
    assert shop.mend([plan]) == ["done"]
    (mail,) = [m for m in shop.changed()["mails"] if m["subject"] == plan.draft.subject]  # type: ignore[union-attr]
    assert mail["attachments"] == [a.name for a in plan.draft.attached]  # type: ignore[union-attr]
    assert checksum(b"") != checksum(b"%PDF-")


def test_a_customers_name_is_a_name_in_a_note_and_in_a_subject() -> None:
    """Signs of HTML stay signs in the CRM, and a name of two lines is one in the mail's subject."""
    document = {"vendor": "stripe", "id": "in_1", "number": "F-1", "kind": "invoice", "customer": "A & <b>\nSL",
                "gross": Decimal(121), "currency": "EUR", "issued_on": dt.date(2026, 3, 1), "deal_id": "501",
                "crm_customer_id": None}  # fmt: skip
    words = said(document, "en")
    assert words.title.startswith("Invoice F-1 · A & <b> SL ·")
    plan = ArchiveNote().plan(document, "hubspot", words)
    assert "A &amp; &lt;b&gt; SL" in plan.draft.body and "A & <b> SL" in str(plan.preview)
