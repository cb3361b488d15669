"""Faults that are switched on do what they say, as often as they say; and the company can be driven and compared."""

import smtplib
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from desk import HUBSPOT, STRIPE, TODAY, won_deal

from extract.sandbox.server import Running, serve

DEALS = "/crm/objects/2026-03/deals"


def fault(box: Running, **rule: object) -> None:
    """Put one rule in force."""
    httpx.post(f"{box.url}/sandbox/faults", json=[rule]).raise_for_status()


def test_dead_takes_the_call_and_answers_nothing(crm: httpx.Client, box: Running) -> None:
    """After the second call, three times; the other vendor lives; nothing was done."""
    fault(box, kind="dead", match="hubspot", after=1, times=3)
    assert crm.get(DEALS).status_code == 200
    for _ in range(3):
        with pytest.raises(httpx.RemoteProtocolError):
            crm.post(DEALS, json={"properties": {"dealname": "ghost"}})
    assert httpx.get(f"{box.url}/v1/products", headers=STRIPE).status_code == 200
    assert crm.post(f"{DEALS}/search", json={"query": "ghost"}).json()["total"] == 0
    assert httpx.get(f"{box.url}/sandbox/faults").json()[0]["done"] == 3


def test_cut_breaks_in_the_middle_of_the_body(crm: httpx.Client, box: Running) -> None:
    """The head says more bytes than come."""
    fault(box, kind="cut", match=f"{DEALS}$", method="GET", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        crm.get(DEALS, params={"limit": 100})
    assert crm.get(DEALS).status_code == 200


def test_a_lost_answer_was_work_done(crm: httpx.Client, box: Running) -> None:
    """The deal exists although the caller never heard."""
    fault(box, kind="lost_answer", match="hubspot", method="POST", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        crm.post(DEALS, json={"properties": {"dealname": "unheard"}})
    assert crm.post(f"{DEALS}/search", json={"query": "unheard"}).json()["total"] == 1


def test_twice_does_it_twice(crm: httpx.Client, box: Running) -> None:
    """As if a proxy had repeated the request."""
    fault(box, kind="twice", match="hubspot", method="POST", times=1)
    crm.post(DEALS, json={"properties": {"dealname": "doubled"}})
    assert crm.post(f"{DEALS}/search", json={"query": "doubled"}).json()["total"] == 2


def test_slow_waits_and_then_answers(crm: httpx.Client, box: Running) -> None:
    """A client that waits less gives up; one that waits longer is answered."""
    fault(box, kind="slow", match="hubspot", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        crm.get(DEALS, timeout=0.05)
    started = time.perf_counter()
    assert crm.get(DEALS).status_code == 200
    assert time.perf_counter() - started >= 0.3


@pytest.mark.parametrize(("status", "retry_after"), [(429, 2), (503, None), (502, None)])
def test_a_status_comes_in_the_vendors_shape(box: Running, status: int, retry_after: int | None) -> None:
    """With Retry-After or without."""
    for match, headers, path in (("hubspot", HUBSPOT, DEALS), ("stripe", STRIPE, "/v1/invoices")):
        fault(box, kind="status", match=match, status=status, retry_after=retry_after)
        reply = httpx.get(box.url + path, headers=headers)
        assert reply.status_code == status
        assert reply.headers.get("retry-after") == (str(retry_after) if retry_after else None)
        assert "message" in (reply.json() if match == "hubspot" else reply.json()["error"])


def test_a_field_is_refused_by_name(crm: httpx.Client, billing: httpx.Client, box: Running) -> None:
    """Only calls that carry it; nothing of them is done."""
    deal = f"{DEALS}/{won_deal(box)}"
    fault(box, kind="refuse_field", match="hubspot", field="cuadra_paid_on")
    refused = crm.patch(deal, json={"properties": {"cuadra_paid_on": "2026-11-20", "description": "d"}})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "PROPERTY_DOESNT_EXIST")
    assert crm.get(deal, params={"properties": "description"}).json()["properties"]["description"] is None
    assert crm.patch(deal, json={"properties": {"description": "d"}}).status_code == 200
    fault(box, kind="refuse_field", match="stripe", field="footer")
    assert billing.post("/v1/customers", data={"footer": "x"}).json()["error"]["param"] == "footer"


def test_a_rule_that_means_nothing_is_refused(box: Running) -> None:
    """A misspelt kind must not pass for a fault that never strikes."""
    reply = httpx.post(f"{box.url}/sandbox/faults", json=[{"kind": "deda", "match": "stripe"}])
    assert reply.status_code == 400
    assert "deda" in reply.json()["error"]


def test_mails_are_shown_and_recipients_refused(box: Running) -> None:
    """Subject, both texts and attachments; a mailbox that does not exist is refused with 550."""
    fault(box, kind="refuse_mail", match="^nobody@")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "us@faronorte.example", "ana@sol.example", "Recordatorio ñ"
    message["Message-ID"] = "<one@faronorte.example>"
    message.set_content("hola")
    message.add_alternative("<p>hola</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="FN-1.pdf")
    with smtplib.SMTP("127.0.0.1", box.smtp_port) as server:
        server.send_message(message)
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            server.send_message(message, to_addrs=["nobody@sol.example"])
    assert caught.value.recipients["nobody@sol.example"][0] == 550
    (mail,) = httpx.get(f"{box.url}/sandbox/mails", params={"message_id": "one@faronorte.example"}).json()
    assert (mail["subject"], mail["to"], mail["attachments"]) == ("Recordatorio ñ", ["ana@sol.example"], ["FN-1.pdf"])
    assert (mail["text"].strip(), mail["html"].strip()) == ("hola", "<p>hola</p>")


def test_the_company_is_driven_from_outside(box: Running) -> None:
    """A new deal is won, a company moves, an invoice is paid by card and by transfer."""

    def post(path: str, **body: object) -> dict[str, str]:
        reply = httpx.post(f"{box.url}/sandbox{path}", json=body)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    made = post("/deals", company={"name": "Nueva S.L.", "nif": "B83591170"}, contact={"email": "a@nueva.example"},
                deal={"amount": "150"}, lines=[{"name": "Hours", "quantity": "2", "price": "75"}])  # fmt: skip
    post(f"/deals/{made['deal_id']}/win")
    names = {"properties": "hs_is_closed_won", "associations": "companies,contacts,line_items"}
    shown = httpx.get(f"{box.url}{DEALS}/{made['deal_id']}", params=names, headers=HUBSPOT).json()
    assert shown["properties"]["hs_is_closed_won"] == "true"
    assert set(shown["associations"]) == {"companies", "contacts", "line items"}
    post(f"/companies/{made['company_id']}", city="Lugo")
    due = [i for i in box.company.invoices if i.status == "open" and not i.payments and not i.settled]
    assert post(f"/invoices/{due[0].id}/pay", method="card")["status"] == "paid"
    bank_id = post(f"/invoices/{due[1].id}/pay", method="bank", amount=1000)["bank_id"]
    assert bank_id in httpx.get(f"{box.url}/sandbox/bank.xml").text
    assert bank_id in httpx.get(f"{box.url}/sandbox/bank.csv").text


def test_two_runs_compare_equal_whatever_their_ids(box: Running) -> None:
    """The same wishes in another order, one of them repeated by its key: the books show the same."""

    def run(order: list[str]) -> object:
        httpx.post(f"{box.url}/sandbox/reset")
        for name in order:
            form = {"name": name, "email": "a@b.example", "metadata[cuadra_sent_at]": str(time.time())}
            for _ in range(2):  # the key carries the time too: a repeated call says the same
                made = httpx.post(
                    f"{box.url}/v1/customers", data=form, headers=STRIPE | {"idempotency-key": name}
                ).json()
            head = {"customer": made["id"], "collection_method": "send_invoice", "days_until_due": "5", "number": name}
            invoice = httpx.post(f"{box.url}/v1/invoices", data=head, headers=STRIPE).json()["id"]
            line = {"customer": made["id"], "invoice": invoice, "amount": "500", "currency": "eur"}
            httpx.post(f"{box.url}/v1/invoiceitems", data=line, headers=STRIPE)
            httpx.post(f"{box.url}/v1/invoices/{invoice}/send", headers=STRIPE).raise_for_status()
            note = {"hs_timestamp": "2026-11-20T10:00:00Z", "hs_note_body": f"made {made['id']} and {invoice}"}
            httpx.post(f"{box.url}/crm/objects/2026-03/notes", json={"properties": note}, headers=HUBSPOT)
        return httpx.get(f"{box.url}/sandbox/books", params={"changed": "1"}).json()

    first = run(["a", "b"])
    assert first == run(["b", "a"])
    assert first["notes"][0]["hs_note_body"] == "made <customer a> and <invoice a>"
    assert [m["text"].count("<address>") for m in first["mails"]] == [1, 1]
    assert first != run(["a"])


def test_calls_are_remembered(crm: httpx.Client, box: Running) -> None:
    """Who was asked what, in order, with the answer's status."""
    crm.get(DEALS, params={"limit": 1})
    crm.get(f"{DEALS}/404")
    calls = httpx.get(f"{box.url}/sandbox/calls", params={"vendor": "hubspot"}).json()
    assert [(c["method"], c["path"], c["status"]) for c in calls] == [("GET", DEALS, 200), ("GET", f"{DEALS}/404", 404)]


def test_a_restart_keeps_the_books(tmp_path: Path) -> None:
    """With a state file: records, invoices, keys and mails are there again; without one it begins anew."""
    state = tmp_path / "sandbox.json"
    with serve(today=TODAY, deals=300, state=state) as running:
        key = STRIPE | {"idempotency-key": "k"}
        made = httpx.post(
            f"{running.url}/v1/customers", data={"name": "Kept", "email": "k@k.example"}, headers=key
        ).json()
        head = {"customer": made["id"], "collection_method": "send_invoice", "days_until_due": "5"}
        invoice = httpx.post(f"{running.url}/v1/invoices", data=head, headers=STRIPE).json()["id"]
        line = {"customer": made["id"], "invoice": invoice, "amount": "500", "currency": "eur"}
        item = httpx.post(f"{running.url}/v1/invoiceitems", data=line, headers=STRIPE).json()["id"]
        deal = httpx.post(running.url + DEALS, json={"properties": {"dealname": "Kept"}}, headers=HUBSPOT).json()["id"]
    with serve(state=state) as running:
        assert running.company.today == TODAY
        assert (
            httpx.post(f"{running.url}/v1/customers", data={"name": "Kept", "email": "k@k.example"}, headers=key).json()
            == made
        )
        changed = httpx.post(f"{running.url}/v1/invoiceitems/{item}", data={"amount": "700"}, headers=STRIPE)
        assert changed.status_code == 200, changed.text
        sent = httpx.post(f"{running.url}/v1/invoices/{invoice}/send", headers=STRIPE).json()
        assert sent["total"] == 700
        assert httpx.get(f"{running.url}{DEALS}/{deal}", headers=HUBSPOT).status_code == 200
    with serve(state=state) as running:
        assert [m["to"] for m in httpx.get(f"{running.url}/sandbox/mails").json()] == [["k@k.example"]]
        assert httpx.get(f"{running.url}/sandbox/mails", params={"after": "1"}).json() == []


def test_it_runs_as_a_process_of_its_own() -> None:
    """It says where it is, answers, and goes when told."""
    command = [
        sys.executable,
        "-m",
        "extract.sandbox",
        "--port",
        "0",
        "--smtp-port",
        "0",
        "--today",
        "2026-11-20",
        "--deals",
        "300",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        url = process.stdout.readline().split()[1]
        about = httpx.get(f"{url}/sandbox").json()
        assert about["today"] == "2026-11-20"
        with smtplib.SMTP("127.0.0.1", about["smtp_port"]) as server:
            assert server.noop()[0] == 250
        process.terminate()
        assert process.wait(timeout=60) == 0
