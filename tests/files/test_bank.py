"""Bank statements: every format of one account says the same movements."""

import json
from decimal import Decimal

import pytest

from extract import profiles
from extract.files import FileError, sniff
from extract.statements_movement import movement_id
from extract.statements_text import mt940_items, mt940_row

IBAN = "ES9121000418450200051332"
FORMATS = ("es.csv", "fr.csv", "pl.csv", "camt053.001.02.xml", "camt053.001.08.xml", "sta", "ofx", "n43")


def dev(shared, taken, name):
    """Return the payments of one format of the account, oldest first."""
    answers = {"currency": "EUR", "account": IBAN} if name in ("fr.csv", "pl.csv") else {}
    found = taken(shared(f"compliance/bank/dev.{name}"), **answers)
    assert not found.rejects
    return sorted(found["payments"], key=lambda r: (str(r["paid_on"]), Decimal(r["amount"]) < 0))


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_expected_movements(shared, taken, name):
    """Value date, amount, currency, account, words and structured reference are those of the bank, in all formats."""
    rows = dev(shared, taken, name)
    expected = json.loads(shared("compliance/bank/dev.expected.json").read_text())["transactions"]
    assert len(rows) == len(expected) == 6
    for row, want in zip(rows, expected, strict=True):
        assert str(row["paid_on"]) == want["value_date"]
        assert Decimal(row["amount"]) == Decimal(want["amount"]) and row["currency"] == "EUR"
        assert row["account"] == IBAN
        words = f"{row.get('payer_name') or ''} {row.get('reference') or ''}"
        assert want["text"] in words and want["counterparty"] in words
        assert (row.get("invoice_reference") or "") == want["creditor_reference"]
        if name.startswith(("camt", "sta", "pl")):
            assert (row.get("payer_iban") or "") == want["counterparty_iban"]
        assert (row.get("method") == "other") == (Decimal(want["amount"]) < 0)


def test_one_movement_has_one_id_in_every_format(shared, taken):
    """The same statement in eight formats is six payments, not forty-eight."""
    ids = {name: [row["id"] for row in dev(shared, taken, name)] for name in FORMATS}
    assert len({tuple(found) for found in ids.values()}) == 1
    assert len({i for found in ids.values() for i in found}) == 6


def test_overlapping_periods_do_not_double(written, taken):
    """Two exports that share days give each movement once; equal movements of one day stay two."""
    head = "Value date;Description;Amount;Currency\n"
    first = written(head + "2026-11-05;SHOP;10.00;EUR\n2026-11-06;SHOP;10.00;EUR\n2026-11-06;SHOP;10.00;EUR\n", "a.csv")
    second = written(
        head + "2026-11-06;SHOP;10.00;EUR\n2026-11-06;SHOP;10.00;EUR\n2026-11-07;SHOP;10.00;EUR\n", "b.csv"
    )
    one, two = ({r["id"] for r in taken(p)["payments"]} for p in (first, second))
    assert len(one) == len(two) == 3 and len(one | two) == 4


def test_the_order_of_lines_does_not_matter(written, taken):
    """Newest first or oldest first: the same ids."""
    head, lines = "Value date;Description;Amount;Currency\n", ["2026-11-05;A;1.00;EUR", "2026-11-06;B;2.00;EUR"]
    up = taken(written(head + "\n".join(lines), "a.csv"))["payments"]
    down = taken(written(head + "\n".join(reversed(lines)), "b.csv"))["payments"]
    assert {r["id"] for r in up} == {r["id"] for r in down}


def test_equal_movements_of_one_statement_stay_two(written, taken):
    """The same customer pays the same amount twice on a day: two payments, in every reading of the file."""
    detail = ("", "ANA SL", "A-1")
    path = camt(written, ("5.00", "BOOK", [detail]), ("5.00", "BOOK", [detail]))
    first, second = ([r["id"] for r in taken(path)["payments"]] for _ in range(2))
    assert len(set(first)) == 2 and first == second


def test_the_id_of_a_movement_never_changes():
    """Links and decisions of people hang on it: a release that made other ids would lose them."""
    told = {"account": IBAN, "paid_on": "2026-11-09", "amount": Decimal("1065.50"), "currency": "EUR"}
    words = {"payer_name": "CLIENT EXEMPLE SARL", "reference": "VIREMENT", "invoice_reference": "RF712348231"}
    row = told | words
    assert movement_id(row, 1) == "5d6ea35c99efd5fb468f" and movement_id(row, 2) == "5d6ea35c99efd5fb468f:2"


@pytest.mark.parametrize(
    ("mark", "amount", "method"),
    [("C", "5.00", "transfer"), ("D", "-5.00", "other"), ("RC", "-5.00", "other"), ("RD", "5.00", "other")],
    ids=["credit", "debit", "credit taken back", "debit given back"],
)
def test_reversals_have_their_sign_and_are_no_customers_payment(tmp_path, mark, amount, method):
    """MT940 marks what takes an earlier entry back: money goes the other way, and nobody paid us."""
    closing = Decimal("100.00") + Decimal(amount)
    text = (
        f":20:S\n:25:DE02120300000000202051\n:28C:1\n:60F:C260101EUR100,00\n:61:2601020102{mark}5,00NTRFNONREF\n"
        f":86:TEXT\n:62F:C260102EUR{str(closing).replace('.', ',')}\n-\n"
    )
    (item,) = mt940_items(tmp_path / "x.sta", text)
    row = mt940_row(item)
    assert (str(row["amount"]), row["method"]) == (amount, method)


def test_a_norma43_whose_total_differs_is_refused(shared, taken, tmp_path):
    """The closing record says what the movements come to: an amount changed on the way is noticed."""
    text = shared("compliance/bank/dev.n43").read_text("latin-1")
    path = tmp_path / "x.n43"
    path.write_text(text.replace("00000000060000", "00000000070000", 1), "latin-1")
    with pytest.raises(FileError, match="says its movements come to"):
        taken(path)


def test_a_real_polish_mt940_is_read(shared, taken):
    """mBank's free text gives name and account; its three equal amounts are three payments."""
    rows = taken(shared("compliance/bank/mt940_mbank_real.sta"))["payments"]
    assert [r["amount"] for r in rows] == [Decimal("0.01")] * 3 and len({r["id"] for r in rows}) == 3
    assert rows[0]["payer_name"].startswith("JAN NOWAK") and rows[0]["account"] == "PL29114010810000267002001002"
    assert "XX000000000001" in rows[0]["reference"] and rows[0]["currency"] == "PLN"


def test_german_purpose_lines_run_on(tmp_path):
    """A purpose line of 27 characters continues without a blank; EREF is the payer's own reference."""
    text = (
        ":20:S\n:25:DE02120300000000202051\n:28C:1\n:60F:C260101EUR0,00\n:61:2601020102C119,00NTRFNONREF\n"
        ":86:166?00GUTSCHRIFT?20EREF+KD-4711?21SVWZ+Rechnung RE-2026-00012?2234 vom 2.1.?30BELADEBEXXX"
        "?31DE02100100100006820101?32MUSTER GMBH?33UND CO KG\n:62F:C260102EUR119,00\n-\n"
    )
    (item,) = mt940_items(tmp_path / "x.sta", text)
    row = mt940_row(item)
    assert row["payer_name"] == "MUSTER GMBH UND CO KG" and row["payer_iban"] == "DE02100100100006820101"
    assert row["reference"] == "Rechnung RE-2026-00012 34 vom 2.1." or "RE-2026-00012" in row["reference"]
    assert row["invoice_reference"] == "KD-4711" and row["amount"] == Decimal("119.00")


@pytest.mark.parametrize("name", ["genkgo_camt053.v8.xml", "genkgo_camt053.v2.minimal.ultimate.xml"])
def test_camt_of_another_maker_is_read(shared, taken, name):
    """Ultimate parties, `Pty`, `Sts/Cd`, accounts without IBAN and booking instants are all read."""
    (row,) = taken(shared(f"compliance/bank/{name}"))["payments"]
    assert (row["paid_on"], row["amount"], row["currency"]) == ("2015-01-02", Decimal("8.85"), "EUR")
    assert row["invoice_reference"] == "4654654654654654" and row["payer_name"] in ("NAME NAME", "DEBTOR NAME NM")


def test_a_real_ofx_with_long_memos_is_read(shared, taken):
    """A name that is the memo cut short is no payer; fees that left us are negative."""
    rows = taken(shared("compliance/bank/ofxparse_checking.ofx"))["payments"]
    assert [str(r["amount"]) for r in rows] == ["0.01", "-34.51", "-25.00"]
    assert not rows[0].get("payer_name") and rows[0]["paid_on"] == "2011-03-31"


CAMT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>ES9121000418450200051332</IBAN></Id><Ccy>EUR</Ccy></Acct>{balances}{entries}</Stmt></BkToCstmrStmt></Document>"""
BALANCE = """<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>"""
ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>{state}</Sts>
<ValDt><Dt>2026-11-05</Dt></ValDt><NtryDtls>{details}</NtryDtls></Ntry>"""
DETAIL = """<TxDtls>{amount}<RltdPties><Dbtr><Nm>{name}</Nm></Dbtr></RltdPties>
<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"""


def camt(written, *entries, opening="", closing=""):
    """Write a statement of entries (amount, state, [(amount or blank, name, text)])."""
    bodies = []
    for amount, state, details in entries:
        made = [
            DETAIL.format(
                amount=f'<AmtDtls><TxAmt><Amt Ccy="EUR">{a}</Amt></TxAmt></AmtDtls>' if a else "", name=n, text=t
            )
            for a, n, t in details
        ]
        bodies.append(ENTRY.format(amount=amount, state=state, details="".join(made)))
    sums = "".join(BALANCE.format(code=c, amount=a) for c, a in (("OPBD", opening), ("CLBD", closing)) if a)
    return written(CAMT.format(balances=sums, entries="".join(bodies)), "x.xml")


def test_a_batch_entry_is_its_transactions(written, taken):
    """A batch whose details add up becomes one payment per customer."""
    path = camt(written, ("300.00", "BOOK", [("100.00", "ANA SL", "A-1"), ("200.00", "BEA SL", "A-2")]))
    rows = taken(path)["payments"]
    assert [(str(r["amount"]), r["payer_name"], r["reference"]) for r in rows] == [
        ("100.00", "ANA SL", "A-1"),
        ("200.00", "BEA SL", "A-2"),
    ]


@pytest.mark.parametrize("second", ["", "150.00"], ids=["an amount is missing", "amounts do not add up"])
def test_a_batch_that_does_not_say_its_parts_stays_whole(written, taken, second):
    """Money is never split by guess: the entry's amount stands, with all its words."""
    path = camt(written, ("300.00", "BOOK", [("100.00", "ANA SL", "A-1"), (second, "BEA SL", "A-2")]))
    (row,) = taken(path)["payments"]
    assert row["amount"] == Decimal("300.00") and row["reference"] == "A-1 A-2"


def test_information_is_no_movement_and_pending_is_not_booked(written, taken):
    """INFO entries are left out; PDNG ones are pending."""
    path = camt(written, ("1.00", "INFO", [("", "A", "x")]), ("2.00", "PDNG", [("", "B", "y")]))
    (row,) = taken(path)["payments"]
    assert row["status"] == "pending" and row["amount"] == Decimal("2.00")


def test_a_statement_that_does_not_add_up_is_refused(written, taken):
    """Opening balance and entries must come to the closing balance."""
    good = camt(written, ("5.00", "BOOK", [("", "A", "x")]), opening="10.00", closing="15.00")
    assert len(taken(good)["payments"]) == 1
    bad = camt(written, ("5.00", "BOOK", [("", "A", "x")]), opening="10.00", closing="25.00")
    with pytest.raises(FileError, match="entries are missing or changed"):
        taken(bad)


@pytest.mark.parametrize("name", ["camt053.001.02.xml", "sta", "ofx", "n43"])
def test_a_cut_statement_is_refused(shared, taken, tmp_path, name):
    """Half a download is no statement: nothing of it is taken in."""
    whole = shared(f"compliance/bank/dev.{name}").read_bytes()
    path = tmp_path / f"cut.{name.split('.')[-1]}"
    path.write_bytes(whole[: int(len(whole) * 0.8)])
    with pytest.raises(FileError, match="cut"):
        taken(path)


def test_an_entity_in_xml_reads_no_file(written):
    """A statement cannot make us read another file of this machine."""
    evil = CAMT.format(
        balances="",
        entries=ENTRY.format(amount="1.00", state="BOOK", details=DETAIL.format(amount="", name="&x;", text="t")),
    )
    path = written('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + evil, "x.xml")
    with pytest.raises(FileError, match="document type"):
        sniff(path)


def test_norma43_agrees_with_another_reader(shared, taken):
    """Amounts and value dates are those that csb43 reads."""
    aeb43 = pytest.importorskip("csb43.aeb43")
    path = shared("compliance/bank/dev.n43")
    with path.open("rb") as file:
        batch = aeb43.read_batch(file)
    theirs = [(str(t.value_date)[:10], Decimal(str(t.amount))) for a in batch.accounts for t in a.transactions]
    ours = [(r["paid_on"], r["amount"]) for r in taken(path)["payments"]]
    assert ours == theirs


def test_the_statement_of_another_account_is_not_taken_for_this_one(shared, mapped, taken, written):
    """Accounts of one bank share a layout: a profile that names an account refuses another's statement."""
    path = shared("compliance/bank/dev.es.csv")
    profile = taken(path).profile
    text = path.read_text("cp1252").replace(IBAN, "ES7921000813610123456789")
    with pytest.raises(FileError, match="is of account ES7921000813610123456789, but profile bank-payments is for"):
        mapped(written(text, "other.csv", "cp1252"), profile)


def test_each_account_finds_its_own_profile(shared, taken, tmp_path):
    """Two accounts of one bank have two profiles; a third has none yet."""
    profile = taken(shared("compliance/bank/dev.es.csv")).profile
    told = profile.model_dump()
    told["name"], told["tables"][0]["constants"]["account"] = "second", "ES7921000813610123456789"
    profiles.saved(profile, tmp_path)
    profiles.saved(type(profile).model_validate(told), tmp_path)
    given = list(profile.headings)
    assert profiles.recognised(given, tmp_path, IBAN) == profile
    assert profiles.recognised(given, tmp_path, "ES7921000813610123456789").name == "second"
    assert profiles.recognised(given, tmp_path, "FR7630006000011234567890189") is None
