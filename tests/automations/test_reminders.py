"""Reminders: three levels, one mail per customer in their language, held back wherever they could be wrong."""

import datetime as dt
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from company import PAUSES, Shop
from small_company import keep

from dashboard.report.period import around
from dashboard.report.week import report
from reconcile import run, settings, workflows
from reconcile.action import Plan
from reconcile.automations import due as asking
from reconcile.automations.calendar import quiet
from reconcile.automations.switch import switch
from reconcile.automations.turn import Turn, turn
from reconcile.late import claim, late_rates
from reconcile.letters import checked
from reconcile.settings import Automation, Mail, Reminders, Settings
from reconcile.state import Decision, State, state

FLOW = "overdue_to_reminder"
READ = (("stripe", "invoices"), ("stripe", "customers"), ("stripe", "payments"), ("bank", "payments"))


def invoice(id: str, due_on: str, customer: str = "cus_1", **other: str) -> dict[str, str]:
    """An issued invoice of 1,210 EUR that nobody paid."""
    return {"vendor": "stripe", "id": id, "number": f"F-{id}", "kind": "invoice", "status": "sent", "currency": "EUR",
            "issued_on": "2026-02-01", "due_on": due_on, "net": "1000", "tax": "210", "gross": "1210", "paid": "0",
            "sent_at": "2026-02-01 10:00", "customer_id": customer, "customer_name": "Acme SL",
            "customer_email": "ana@acme.example", "pdf_url": f"https://b.example/{id}.pdf"} | other  # fmt: skip


def customer(id: str = "cus_1", **other: str) -> dict[str, str]:
    return {"vendor": "stripe", "id": id, "kind": "company", "name": "Acme SL", "tax_id": "B85674215",
            "country": "ES", "email": "ana@acme.example"} | other  # fmt: skip


class Books:
    """A few invoices on a given day, and the mailbox that reminders go to."""

    def __init__(self, data: Path, sink: Shop) -> None:
        self.data, self.sink = data, sink
        self.rows: dict[str, list[dict[str, Any]]] = {"customers": [customer()], "invoices": [], "payments": []}
        sent = settings.load(sink.data).mail
        mail = Mail.model_validate(sent.model_dump() | {"sender": "billing@us.example"})
        settings.save(Settings(mail=mail), data)

    @property
    def store(self) -> State:
        return state(self.data)

    def set(self, **chosen: Any) -> None:
        """Choose how reminders go out."""
        known = settings.load(self.data)
        changed = Reminders.model_validate(known.reminders.model_dump() | chosen)
        settings.save(known.model_copy(update={"reminders": changed}), self.data)

    def on(self, day: str, read: str = "") -> list[Plan]:
        """Look at the books on a day, all sources read then or on `read`; return the mails that a click would send."""
        os.environ["CUADRA_TODAY"] = day
        at = f"{read or day} 06:00"
        fresh = [{"vendor": v, "kind": k, "mode": "full", "started_at": at, "completed_at": at, "items": "1",
                  "rejected": "0", "error": ""} for v, k in READ]  # fmt: skip
        keep(self.data, self.rows | {"freshness": fresh})
        run.reconcile(self.data, self.store.decisions())
        return [p for d in asking.due(self.data, [FLOW]) for p in d.plans]

    def send(self, plans: list[Plan]) -> list[str]:
        """Click."""
        workflows.launch(self.data, PAUSES)
        return [o.state for o in workflows.settle(self.data, plans, "ana", timeout=30)]

    def turn(self, at: str = "2026-03-11T10:00:00+01:00") -> Turn:
        """Let the flow run by itself at an instant, a Wednesday morning unless said."""
        moment = dt.datetime.fromisoformat(at)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asking, "now", lambda: moment)
            return turn(self.data, 30.0, PAUSES)

    def automatic(self, cap: int = 25) -> None:
        switch(self.data, FLOW, Automation(mode="automatic", daily_cap=cap), "ana", "a test")

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sink.get("mails")
        return found


@pytest.fixture
def books(prepared: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setenv("CUADRA_TODAY", "2026-03-08")
    prepared.post("reset")
    (tmp_path / "data").mkdir()
    yield Books(tmp_path / "data", prepared)
    workflows.shutdown()


def blocked(plans: list[Plan]) -> str:
    """Return why a mail may not go out, also not by a click."""
    return " ".join(str(need.says) for plan in plans for need in plan.needs)


@pytest.mark.capability("REM-1")
def test_levels_at_7_15_and_30_days_each_once(books: Books) -> None:
    """Due on 1 March: nothing on the 7th; levels 1, 2, 3 on the 8th, 16th, 31st, firmer each time; paid: none."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01")]
    assert books.on("2026-03-07") == []
    texts = []
    for day, level in (("2026-03-08", "1"), ("2026-03-16", "2"), ("2026-03-31", "3")):
        (plan,) = books.on(day)
        assert plan.data["level"] == level and plan.is_ready
        assert books.send([plan]) == ["done"] and books.send([plan]) == ["found"]
        assert books.on(day) == []  # said for this level
        texts.append(plan.draft.text if plan.draft else "")
    assert len(set(texts)) == 3 and "recordatorio" in books.mails()[0]["subject"].lower()
    assert [(r["invoice_id"], r["level"]) for r in books.store.reminders()] == [("in_1", 1), ("in_1", 2), ("in_1", 3)]
    books.rows["invoices"] = [invoice("in_1", "2026-03-01", status="paid", paid="1210"), invoice("in_2", "2026-03-01")]
    (plan,) = books.on("2026-04-30")
    assert "F-in_1" not in str(plan.preview)


@pytest.mark.capability("REM-1", "PLUS-7")
def test_what_was_missed_while_the_program_was_off_is_caught_up_once(books: Books) -> None:
    """Off from the 8th to the 20th: one mail of the level of that day, not one of each; then nothing until the next."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01"), invoice("in_2", "2026-03-10")]
    books.automatic()
    books.on("2026-03-20")
    assert [r.plans[0].data["invoices"] for r in books.turn().runs] == ["in_1.2 in_2.1"]
    books.on("2026-03-21")
    assert books.turn().runs == () and len(books.mails()) == 1


@pytest.mark.capability("PLUS-7")
def test_one_mail_per_customer_with_a_statement_in_their_language(books: Books) -> None:
    """Three late invoices and one not due yet are one mail at the firmest level; another customer has their own."""
    books.rows["customers"] += [customer("cus_2", name="Łódź Print", country="PL", tax_id="PL5252248481")]
    books.rows["invoices"] = [
        invoice("in_1", "2026-03-01"), invoice("in_2", "2026-03-12"), invoice("in_3", "2026-03-12", currency="USD"),
        invoice("in_4", "2026-04-30"), invoice("in_5", "2026-03-12", "cus_2", customer_email="jan@lodz.example"),
    ]  # fmt: skip
    acme, lodz = sorted(books.on("2026-03-20"), key=lambda p: p.data["address"])
    assert acme.draft and lodz.draft and (acme.draft.language, lodz.draft.language) == ("es", "pl")
    text = acme.draft.text.replace("\N{NO-BREAK SPACE}", " ")
    assert acme.data["level"] == "2" and all(f"F-in_{n}" in text for n in (1, 2, 3, 4)) and "F-in_5" not in text
    assert "2.420,00 €" in text and "1.210,00 US$" in text  # two sums, never one
    assert "1.pdf" in text and "30 de abril" in text
    assert books.send([acme, lodz]) == ["done", "done"]
    assert sorted(m["to"][0] for m in books.mails()) == ["ana@acme.example", "jan@lodz.example"]


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "money of theirs": ({"payments": [{"payer_tax_id": "B85674215", "amount": "300"}]}, "300.00 EUR of"),
    "money by name": ({"payments": [{"payer_name": "ACME SL", "amount": "77"}]}, "77.00 EUR of ACME SL"),
    "the very sum": ({"payments": [{"amount": "2420", "payer_name": "Ana Ruiz"}]}, "2420.00 EUR of Ana Ruiz"),
    "credit note": ({"invoices": [invoice("in_9", "2026-02-01", kind="credit_note", net="-100", tax="-21",
                                          gross="-121")]}, "credit of 121.00 EUR"),
    "paid too much before": ({"invoices": [invoice("in_8", "2026-02-01", status="paid", gross="100", net="100",
                                                   tax="0", paid="100")],
                              "payments": [{"amount": "150", "invoice_id": "in_8", "vendor": "stripe", "customer_id":
                                            "cus_1"}]}, "50.00 EUR"),
    "payments are old": ({"read": "2026-03-11"}, "not read since 2026-03-11"),
    "opted out": ({"opt_out": ["b85674215"]}, "opted out"),
    "opted out by address": ({"opt_out": ["ana@acme.example"]}, "opted out"),
    "no currency": ({"invoices": [invoice("in_7", "2026-03-01", currency="")]}, "currency of F-in_7 is not known"),
    "no address": ({"address": ""}, "no e-mail address"),
    "two addresses": ({"address": "ana@acme.example, bob@acme.example"}, "no e-mail address"),
    "an address that few servers take": ({"address": "josé@acme.example"}, "no e-mail address"),
    "nothing": ({}, ""),
    "money of somebody else": ({"payments": [{"payer_name": "Other GmbH", "payer_tax_id": "DE811569869",
                                              "amount": "2420"}]}, ""),
}  # fmt: skip


@pytest.mark.capability("PLUS-7", "NOTIF-5")
@pytest.mark.parametrize("case", list(CASES))
def test_what_could_make_a_reminder_wrong_holds_it_back(books: Books, case: str) -> None:
    """Neither a click nor the flow writes to a customer whose money, credit or word could cover it."""
    facts, why = CASES[case]
    books.rows["invoices"] = [invoice("in_1", "2026-03-01"), invoice("in_2", "2026-03-10"), *facts.get("invoices", [])]
    if "address" in facts:
        books.rows["customers"] = [customer(email=facts["address"])]
        books.rows["invoices"] = [i | {"customer_email": facts["address"]} for i in books.rows["invoices"]]
    paid = {"vendor": "bank", "paid_on": "2026-03-10", "currency": "EUR", "method": "transfer", "status": "booked"}
    books.rows["payments"] = [paid | {"id": f"b{n}"} | p for n, p in enumerate(facts.get("payments", []))]
    books.set(opt_out=facts.get("opt_out", []))
    plans = books.on("2026-03-20", facts.get("read", ""))
    books.automatic()
    done = books.turn()
    if not why:
        assert blocked(plans) == "" and len(done.runs) == len(books.mails()) == 1
        return
    assert why in blocked(plans) and done.runs == () and books.mails() == []
    with pytest.raises(ValueError, match="nothing was started"):
        books.send(plans)


@pytest.mark.capability("PLUS-7")
@pytest.mark.parametrize("verdict", ["agreed", "snoozed"])
def test_a_dispute_or_a_promise_is_neither_reminded_of_nor_listed(books: Books, verdict: str) -> None:
    """The other invoices of the customer still are; when the promised day has passed, so is this one."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01"), invoice("in_2", "2026-03-02")]
    books.on("2026-03-20")
    (promised,) = [f for d in asking.due(books.data, [FLOW]) for p in d.plans for f in p.findings if p][:1] or [""]
    from duckdb import connect

    with connect(str(books.data / "warehouse.duckdb"), read_only=True) as db:
        (promised,) = db.execute(
            "SELECT id FROM findings WHERE \"check\" = 'overdue' AND subject_id = 'in_1'"
        ).fetchone()
    until = dt.date(2026, 3, 31) if verdict == "snoozed" else None
    said = Decision(kind="finding", verdict=verdict, finding_id=promised, amount=Decimal(1210), currency="EUR",
                    until_on=until, reason="they pay at the end of the month")  # fmt: skip
    books.store.decide(said, "eva")
    (plan,) = books.on("2026-03-20")
    assert plan.data["invoices"] == "in_2.2" and plan.draft and "F-in_1" not in plan.draft.text
    (plan,) = books.on("2026-04-02")
    assert ("in_1.3" in plan.data["invoices"]) == (verdict == "snoozed")


@pytest.mark.capability("PLUS-7")
def test_two_mails_that_share_an_invoice_are_one(books: Books) -> None:
    """Two pages were opened on different days; whoever is second is refused, and the rest goes with the next."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01")]
    (early,) = books.on("2026-03-20")
    books.rows["invoices"] += [invoice("in_2", "2026-03-10")]
    (later,) = books.on("2026-03-20")
    assert early.key != later.key and books.send([early]) == ["done"] and books.send([later]) == ["refused"]
    (rest,) = books.on("2026-03-20")
    assert rest.data["invoices"] == "in_2.1" and books.send([rest]) == ["done"]
    assert len(books.mails()) == 2


@pytest.mark.capability("PLUS-7")
def test_a_day_has_room_for_so_many_mails(books: Books) -> None:
    """Five customers, a cap of two."""
    books.rows["customers"] = [customer(f"cus_{n}", name=f"C{n}", tax_id="") for n in range(5)]
    books.rows["invoices"] = [
        invoice(f"in_{n}", "2026-03-01", f"cus_{n}", customer_name=f"C{n}", customer_email=f"a@c{n}.example")
        for n in range(5)
    ]
    books.automatic(cap=2)
    books.on("2026-03-20")
    assert (len(books.turn().runs), len(books.turn().runs), len(books.mails())) == (2, 0, 2)


@pytest.mark.capability("PLUS-7")
@pytest.mark.parametrize(
    ("country", "at", "free"),
    [
        ("ES", "2026-03-11T10:00:00+01:00", True),
        ("ES", "2026-03-11T08:59:00+01:00", False),
        ("ES", "2026-03-11T18:00:00+01:00", False),
        ("ES", "2026-03-11T07:30:00+00:00", False),  # half past eight in Madrid
        ("ES", "2026-03-14T10:00:00+01:00", False),  # Saturday
        ("PL", "2026-11-11T10:00:00+01:00", False),  # Independence Day
        ("ES", "2026-11-11T10:00:00+01:00", True),
        ("AE", "2026-03-15T10:00:00+01:00", False),
        ("ZZ", "2026-03-14T10:00:00+01:00", False),
        ("ZZ", "2026-03-11T10:00:00+01:00", True),
        ("ES", "2026-03-30T09:30:00+02:00", True),  # the clocks went forward the day before
        ("ES", "2026-03-30T08:30:00+02:00", False),
    ],
)
def test_quiet_hours_and_business_days_of_the_customers_country(country: str, at: str, free: bool) -> None:
    """Nine to six in the company's zone, on days that are worked where the customer is."""
    assert (quiet(country, Settings(), dt.datetime.fromisoformat(at)) is None) == free


def test_at_night_the_flow_waits_and_a_click_does_not(books: Books) -> None:
    """What runs by itself keeps the hours; in the morning it goes out, once."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01")]
    books.automatic()
    books.on("2026-03-11")
    night = books.turn("2026-03-11T22:00:00+01:00")
    assert night.runs == () and "between 9:00 and 18:00" in str(night.held[0].held)
    assert len(books.turn("2026-03-12T09:05:00+01:00").runs) == 1


def test_whatever_an_id_is_made_of_it_is_told_once(books: Books) -> None:
    """A file's number with a space and a dot: one letter, one line to finance, one of the bill; then nothing."""
    books.set(finance="finance@us.example", bills=True, interest=False)
    books.rows["invoices"] = [invoice("F 1/2026.7 %", "2026-02-01")]
    books.rows["bills"] = [{"vendor": "files", "id": "R 1/2026", "number": "R 1/2026", "supplier_name": "Hosting GmbH",
                            "status": "issued", "issued_on": "2026-02-01", "due_on": "2026-03-12", "currency": "EUR",
                            "gross": "121.00", "paid": "0"}]  # fmt: skip
    books.automatic()
    for day in ("2026-03-11", "2026-03-12"):
        books.on(day)
        assert {r.state for r in books.turn(f"{day}T10:00:00+01:00").runs} == ({"done"} if day[-1] == "1" else set())
    assert len(books.mails()) == 3
    assert [(r["invoice_id"], r["level"]) for r in books.store.reminders()] == [("F 1/2026.7 %", 3)]


@pytest.mark.capability("WB-13")
def test_the_deals_owner_gets_a_task_at_each_level(shop: Shop) -> None:
    """One task with due date and link in the CRM, on the deal, for its owner; none twice for the same level.

    It is written in the company's language, and the preview names the owner.
    """
    finding = next(
        f for (f,) in shop.rows("SELECT id FROM findings WHERE \"check\" = 'overdue' AND state = 'open' ORDER BY id")
        if (p := shop.plans(f)) and all(q.is_ready for q in p) and len(p) > 1
    )  # fmt: skip
    plans = shop.plans(finding)
    assert [p.action for p in plans] == ["send_reminder"] + ["create_task"] * len(plans[0].data["invoices"].split())
    shop.set(company=settings.load(shop.data).company.model_copy(update={"language": "es"}))
    told: Any = shop.plans(finding)[1].draft
    assert "días de retraso" in told.subject and "con vencimiento el" in told.body
    assert set(shop.mend(plans)) == {"done"} and set(shop.mend(plans)) == {"found"}
    tasks = shop.changed()["tasks"]
    assert len(tasks) == len(plans) - 1
    draft: Any = plans[1].draft
    (owner,) = shop.rows("SELECT owner_id FROM deals WHERE id = ?", draft.deal_id)[0]
    assert draft.owner_id == owner and "due" in draft.body and "https://" in draft.body and draft.due_at
    ((named,),) = shop.rows("SELECT name FROM owners WHERE id = ?", owner)
    assert named in [change.after for change in plans[1].preview]
    shop.set(reminders=Reminders(tasks=False))
    assert shop.plans(finding) == []


@pytest.mark.capability("NOTIF-2")
def test_finance_is_told_of_each_invoice_once(books: Books) -> None:
    """31 days late: one mail to the finance address, and it is in the weekly report; the next day nothing."""
    books.set(finance="finance@us.example")
    books.rows["invoices"] = [invoice("in_1", "2026-03-01"), invoice("in_2", "2026-03-05")]
    books.automatic()
    books.on("2026-03-31")
    books.turn()
    assert "finance@us.example" not in str([m["to"] for m in books.mails()])  # thirty days are not more than thirty
    for day in ("2026-04-01", "2026-04-01", "2026-04-02"):
        books.on(day)
        books.turn()
    told = [m for m in books.mails() if m["to"] == ["finance@us.example"]]
    assert len(told) == 1 and "F-in_1" in told[0]["text"] and "31 days late" in told[0]["text"]
    week = report(books.data, around("week", dt.date(2026, 4, 1)), settings.load(books.data))
    assert {row["record"] for row in week.table("overdue").records()} == {"F-in_1", "F-in_2"}
    books.on("2026-04-05")
    books.turn()
    told = [m for m in books.mails() if m["to"] == ["finance@us.example"]]
    assert len(told) == 2 and "F-in_2" in told[1]["text"] and "F-in_1" not in told[1]["text"]


@pytest.mark.capability("PLUS-8")
def test_from_level_3_the_law_is_named_where_that_is_wanted(books: Books) -> None:
    """Interest by the table of the company's country and 40 EUR an invoice; neither before level 3 nor to a person."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01")]
    (plain,) = books.on("2026-03-31")
    assert plain.draft and "40,00" not in plain.draft.text
    books.set(interest=True)
    (early,) = books.on("2026-03-16")
    assert early.draft and "40,00" not in early.draft.text
    (firm,) = books.on("2026-03-31")
    text = firm.draft.text.replace("\N{NO-BREAK SPACE}", " ") if firm.draft else ""
    assert "10,09 € hasta el 31 de marzo" in text and "40,00 €" in text  # 1210 × 10.15 % × 30 / 365
    books.rows["customers"] = [customer(kind="person")]
    (private,) = books.on("2026-03-31")
    assert private.draft and "40,00" not in private.draft.text
    books.rows["customers"] = [customer()]
    known = settings.load(books.data)
    settings.save(known.model_copy(update={"company": known.company.model_copy(update={"country": "BR"})}), books.data)
    (unknown,) = books.on("2026-03-31")
    assert [c.code for c in unknown.cautions] == ["no_rate"] and unknown.is_ready


@pytest.mark.capability("PLUS-8")
def test_interest_is_counted_by_half_year_and_never_for_days_without_a_rate() -> None:
    """Days of a half-year whose rate nobody compared with what was published are free; beyond the table too."""
    day = dt.date
    half = claim("ES", Decimal(36500), day(2025, 6, 20), day(2025, 7, 10))
    assert half and half.interest == Decimal("111.50")  # 10 days at 11.15 %; the next half-year is not compared yet
    both = claim("ES", Decimal(36500), day(2025, 6, 20), day(2026, 1, 10))
    assert both and both.interest == Decimal("213.00")  # and 10 days at 10.15 %: 101.50
    assert claim("FR", Decimal(1000), day(2026, 1, 1), day(2026, 2, 1)) is None
    last = max(r.to_on for r in late_rates() if r.country == "ES")
    known = claim("ES", Decimal(1000), last - dt.timedelta(days=10), last)
    later = claim("ES", Decimal(1000), last - dt.timedelta(days=10), last + dt.timedelta(days=90))
    assert known == later and known and known.counted_to == last
    assert claim("ES", Decimal(1000), last, last + dt.timedelta(days=9)) is None
    assert claim("XX", Decimal(1000), day(2026, 1, 1), day(2026, 2, 1)) is None
    assert all(r.source and r.rate > 5 and r.from_on < r.to_on for r in late_rates())


@pytest.mark.capability("NOTIF-3")
def test_who_has_not_paid_at_the_due_date_is_written_to(books: Books) -> None:
    """By state and due date, in their language, with people's own words; shown before; once; not who paid."""
    books.rows["customers"] += [customer("cus_2", name="Paid SL", tax_id="A28015865", email="p@paid.example")]
    books.rows["invoices"] = [
        invoice("in_1", "2026-03-11"), invoice("in_2", "2026-03-12"), invoice("in_3", "2026-03-11", status="draft"),
        invoice("in_4", "2026-03-11", "cus_2", status="paid", paid="1210", customer_email="p@paid.example"),
    ]  # fmt: skip
    books.automatic()
    assert books.on("2026-03-11") == [] and books.turn().runs == ()  # not wished
    books.set(notice=True)
    own = "{number} vence hoy\n\nHola {customer}: {statement} Total {total}. {company}\n"
    books.store.keep("letter:notice.es", checked("notice", own))
    (plan,) = books.on("2026-03-11")  # what a dry run shows
    assert "ana@acme.example" in str(plan.says) and plan.data["invoices"] == "in_1.0" and books.mails() == []
    assert [r.state for r in books.turn().runs] == ["done"]
    (mail,) = books.mails()
    assert mail["to"] == ["ana@acme.example"] and mail["subject"] == "F-in_1 vence hoy" and "F-in_2" in mail["text"]
    assert books.on("2026-03-11") == [] and books.turn().runs == ()
    books.set(notice=True, notice_days=3)  # some days ahead, and made up for over a weekend
    books.rows["invoices"].append(invoice("in_5", "2026-03-20"))
    assert [p.data["invoices"] for p in books.on("2026-03-14")] == ["in_2.0"]
    assert [p.data["invoices"] for p in books.on("2026-03-17")] == ["in_5.0"]
    (reminder,) = [p for p in books.on("2026-03-18") if p.data["level"] != "0"]
    assert reminder.data["invoices"] == "in_1.1"  # the note before takes nothing from the levels after
    books.set(notice=True, notice_days=3, opt_out=["B85674215"])
    assert "opted out" in blocked(books.on("2026-03-17"))


@pytest.mark.capability("REM-3")
def test_bills_to_pay_are_told_to_finance_where_somebody_wants_it(books: Books) -> None:
    """Off at first; before it is due once, late once; in words that can be changed; what is paid is left out."""
    bill = {"vendor": "files", "supplier_name": "Hosting GmbH", "status": "issued", "issued_on": "2026-02-01",
            "currency": "EUR", "gross": "121.00", "paid": "0"}  # fmt: skip
    books.rows["bills"] = [
        bill | {"id": "b1", "number": "R-1", "due_on": "2026-03-12"},
        bill | {"id": "b2", "number": "R-2", "due_on": "2026-04-30"},
        bill | {"id": "b3", "number": "R-3", "due_on": "2026-03-01", "paid": "121.00"},
        bill | {"id": "b4", "number": "R-4", "due_on": "2026-03-05", "currency": "PLN", "paid": "21.00"},
    ]  # fmt: skip
    books.automatic()
    assert books.on("2026-03-10") == [] and books.turn().runs == ()
    books.set(bills=True)
    assert "enter the address" in blocked(books.on("2026-03-10"))
    books.set(bills=True, finance="pay@us.example")
    books.store.keep("letter:bills.en", checked("bills", "To pay: {total}\n\nPlease pay:\n{statement}\n"))
    (plan,) = books.on("2026-03-10")
    assert plan.action == "tell_bills" and books.mails() == []
    assert len(books.turn().runs) == 1 and books.on("2026-03-10") == []
    (mail,) = books.mails()
    assert mail["to"] == ["pay@us.example"] and mail["subject"] == "To pay: PLN100.00 + €121.00"
    assert "R-1" in mail["text"] and "R-4" in mail["text"] and "R-2" not in mail["text"] and "R-3" not in mail["text"]
    books.on("2026-03-13")
    assert [r.plans[0].data["bills"] for r in books.turn("2026-03-13T10:00:00+01:00").runs] == ["bill:files:b1.late"]
