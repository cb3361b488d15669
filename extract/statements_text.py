"""Bank statements that are lines of text: MT940 (SWIFT), OFX, Norma 43 (Spain).

Sources: mt-940 for the lines of MT940, whose field 86 is each bank's own (German ?20 codes, Polish free text, Dutch
/REMI/ words); the OFX 1.6 and 2 specifications; AEB "Cuaderno 43" of June 2012. Norma 43 and MT940 carry control
totals: a file that does not add up is refused.
"""

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import mt940
from stdnum.es import ccc
from stdnum.exceptions import ValidationError

from extract.files_errors import FileError
from extract.files_rules import rf_reference
from extract.files_values import account_number, compact
from extract.statements_movement import Item, Row

_NOTHING = frozenset({"NOTPROVIDED", "NONREF", "NOT PROVIDED", ""})

# MT940

_SEPA_WORD = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|PURP|IBAN|BIC)\+")
_DUTCH_WORD = re.compile(r"/(TRTP|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|ORDP|BENM|CNTP|ISDT|RTRN|PURP|ULTD|ULTB)/")
_POLISH = {
    "name": re.compile(r"\b(?:OD|NADAWCA|ODBIORCA|DLA)\s?:\s*(.*?)\s*(?:;|\bTYT|$)"),
    "title": re.compile(r"\b(?:TYT\.?|TYTUŁ|TYTUL|TYTUŁEM)\s?:\s*(.*?)\s*(?:;|\bTNR|$)"),
    "account": re.compile(r"\b(?:Z|NA) RACH\.?\s?:\s*([0-9 ]{26,32})"),
}


def mt940_items(path: Path, text: str) -> Iterator[Item]:
    """Yield the movements of all statements in an MT940 file. Raises FileError where one is cut or does not add up."""
    for block in re.split(r"(?m)^(?=:20:)", text)[1:]:
        try:
            statement = mt940.parse(block, processors={"post_transaction_details": []})
        except (ValueError, RuntimeError, AttributeError, TypeError, ArithmeticError, KeyError) as error:
            raise FileError(path, f"is not MT940 as banks write it ({error}). Ask for CAMT.053 or CSV.") from error
        opening = statement.data.get("final_opening_balance") or statement.data.get("intermediate_opening_balance")
        closing = statement.data.get("final_closing_balance") or statement.data.get("intermediate_closing_balance")
        if opening and not closing:
            raise FileError(path, "ends before its closing balance: it is cut. Download it again.")
        found = [t.data for t in statement if "amount" in t.data]
        moved = sum((_mt940_signed(d) for d in found), Decimal(0))
        if opening and closing and opening.amount.amount + moved != closing.amount.amount:
            what = f"opens with {opening.amount.amount} and closes with {closing.amount.amount}"
            raise FileError(
                path, f"{what}, but its movements come to {moved}: it is cut or changed. Download it again."
            )
        account = compact(str(statement.data.get("account_identification") or "").split("/")[-1])
        for data in found:
            kept = {k: str(v) for k, v in data.items() if v not in (None, "") and k != "amount"}
            kept["amount"] = str(_mt940_signed(data))
            yield {"format": "mt940", "account": account, "fields": kept}


def _mt940_signed(data: dict[str, Any]) -> Decimal:
    # RC takes a credit back, RD a debit.
    size = abs(data["amount"].amount)
    return size if data.get("status") in ("C", "RD") else -size


def mt940_row(item: Item) -> Row:
    """Return the payment that an MT940 movement means."""
    fields = item["fields"]
    told = _field86(fields.get("transaction_details", ""))
    amount = Decimal(fields["amount"])
    reference = told.get("end_to_end", "")
    text = told.get("text") or fields.get("extra_details", "")
    is_return = fields.get("status") in ("RC", "RD")
    return {
        "paid_on": fields["date"],
        "amount": amount,
        "currency": fields["currency"],
        "method": "other" if amount < 0 or is_return else "transfer",
        "payer_name": told.get("name") or None,
        "payer_iban": account_number(told.get("account", "")) or None,
        "account": item["account"] or None,
        "reference": text or None,
        "invoice_reference": (reference if reference.upper() not in _NOTHING else None) or rf_reference(text),
        "bank_reference": fields.get("bank_reference") or None,
        "status": "booked",
    }


def _field86(details: str) -> dict[str, str]:
    """Return name, account, text and end-to-end reference as far as a bank's field 86 lets us tell them."""
    flat = details.replace("\r", "")
    coded = re.match(r"\d{0,3}([?~<^])\d\d", flat)
    if coded:
        return _coded86(flat.replace("\n", ""), coded[1])
    flat = " ".join(flat.split())
    if len(_DUTCH_WORD.findall(flat)) >= 2:
        parts = _DUTCH_WORD.split(flat)
        said = dict(zip(parts[1::2], (p.strip("/ ") for p in parts[2::2]), strict=True))
        text = re.sub(r"^(USTD|STRD/CUR)//", "", said.get("REMI", "")).strip("/ ")
        return {
            "name": said.get("NAME", ""),
            "account": said.get("IBAN", ""),
            "text": text,
            "end_to_end": said.get("EREF", ""),
        }
    found = {what: m[1] for what, pattern in _POLISH.items() if (m := pattern.search(flat))}
    # The whole text stays: it is what people and the matching look for numbers in.
    return {"name": found.get("name", ""), "account": found.get("account", ""), "text": flat}


def _coded86(flat: str, mark: str) -> dict[str, str]:
    parts = re.split(re.escape(mark) + r"(\d\d)", flat)
    fields = list(zip(parts[1::2], parts[2::2], strict=True))
    purpose = ""
    for code, value in fields:
        if "20" <= code <= "29" or "60" <= code <= "63":
            # A full line of 27 characters runs on; a shorter one ended with a word.
            purpose += value if len(value) >= 27 or not value else value + " "
    words = _SEPA_WORD.split(purpose)
    said = dict(zip(words[1::2], (w.strip() for w in words[2::2]), strict=True))
    text = said.get("SVWZ") if said else purpose
    return {
        "name": " ".join(v.strip() for c, v in fields if c in ("32", "33") and v.strip()),
        "account": next((v.strip() for c, v in fields if c in ("31", "38") and v.strip()), ""),
        "text": " ".join((text or words[0]).split()),
        "end_to_end": said.get("EREF", ""),
    }


# OFX

_OFX_TOKEN = re.compile(r"<(/?)([A-Z0-9.]+)>([^<]*)")
_OFX_METHODS = {"CHECK": "cheque", "CASH": "cash", "POS": "card", "DIRECTDEBIT": "direct_debit"}


def ofx_items(path: Path, text: str) -> Iterator[Item]:
    """Yield the movements of all accounts in an OFX file (1.x without closing tags, 2.x XML)."""
    account, currency, ended = "", "", False
    fields: dict[str, str] | None = None
    for closing, tag, raw in _OFX_TOKEN.findall(text):
        value = html.unescape(raw).strip()
        if tag == "STMTTRN":
            if closing and fields is not None:
                yield {"format": "ofx", "account": account, "currency": currency, "fields": fields}
            fields = None if closing else {}
        elif fields is not None and value:
            fields[tag] = value
        elif tag == "ACCTID" and value:
            account = compact(value)
        elif tag == "CURDEF":
            currency = value
        ended = ended or bool(closing and tag == "OFX")
    if not ended:
        raise FileError(path, "ends before </OFX>: it is cut. Download it again.")


def ofx_row(item: Item) -> Row:
    """Return the payment that an OFX movement means."""
    fields = item["fields"]
    amount = Decimal(fields["TRNAMT"].replace(",", "."))
    day = (fields.get("DTAVAIL") or fields.get("DTUSER") or fields["DTPOSTED"])[:8]
    name, text = fields.get("NAME") or fields.get("PAYEE", ""), fields.get("MEMO", "")
    if name == text or (text.startswith(name) and len(name) >= 30):  # a long text is repeated, cut, as the name
        name = ""
    return {
        "paid_on": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        "amount": amount,
        "currency": item["currency"],
        "method": "other" if amount < 0 else _OFX_METHODS.get(fields.get("TRNTYPE", ""), "transfer"),
        "payer_name": name or None,
        "account": item["account"] or None,
        "reference": text or None,
        "invoice_reference": rf_reference(text),
        "bank_reference": fields.get("FITID") or None,
        "status": "booked",
    }


# Norma 43

_N43_CURRENCIES = {"978": "EUR", "840": "USD", "826": "GBP", "756": "CHF", "985": "PLN", "392": "JPY", "484": "MXN"}
_N43_METHODS = {"02": "transfer", "03": "direct_debit", "04": "cheque", "12": "card", "01": "cash"}


def n43_items(path: Path, text: str) -> Iterator[Item]:
    """Yield the movements of all accounts in a Norma 43 file. Raises FileError where it is cut or does not add up."""
    account, currency, moved, ended = "", "", Decimal(0), False
    held: Item | None = None
    for number, line in enumerate(text.splitlines(), 1):
        sort = line[:2]
        if sort in ("22", "33", "88") and held is not None:
            yield held
            held = None
        if sort == "11":
            account, currency, moved = _n43_account(line), _N43_CURRENCIES.get(line[47:50], ""), Decimal(0)
        elif sort == "22":
            held = {"format": "norma43", "account": account, "currency": currency, "lines": [line]}
            moved += _cents(path, number, line[28:42]) * (1 if line[27:28] == "2" else -1)
        elif sort in ("23", "24") and held is not None:
            held["lines"].append(line)
        elif sort == "33":
            debits, credits = _cents(path, number, line[25:39]), _cents(path, number, line[44:58])
            if credits - debits != moved:
                told = f"says its movements come to {credits - debits}, but they come to {moved}"
                raise FileError(path, f"line {number} {told}: the file is cut or changed. Download it again.")
        elif sort == "88":
            ended = True
    if not ended:
        raise FileError(path, "ends before its last record (88): it is cut. Download it again.")


def _cents(path: Path, number: int, digits: str) -> Decimal:
    if not digits.isdigit():
        raise FileError(path, f"line {number} has {digits!r} where an amount belongs. Download it again.")
    return Decimal(digits) / 100


def _n43_account(line: str) -> str:
    """Return the IBAN of bank, office and account number, whose check digits the record leaves out."""
    bank, office, number = line[2:6], line[6:10], line[10:20]
    try:
        check = ccc.calc_check_digits(f"{bank}{office}00{number}")
        return str(ccc.to_iban(f"{bank}{office}{check}{number}"))
    except ValidationError:
        return f"{bank}{office}{number}"


def n43_row(item: Item) -> Row:
    """Return the payment that a Norma 43 movement means."""
    line, further = item["lines"][0], item["lines"][1:]
    amount = Decimal(line[28:42]) / 100 * (1 if line[27] == "2" else -1)
    halves = [h.strip() for f in further if f[:2] == "23" for h in (f[4:42], f[42:80])]
    # With both halves of the first record filled, banks put the other party first; else all of it is text.
    name = halves.pop(0) if len(halves) > 1 and halves[0] and halves[1] else ""
    text = " ".join(" ".join(halves).split())
    return {
        "paid_on": f"20{line[16:18]}-{line[18:20]}-{line[20:22]}",
        "amount": amount,
        "currency": item["currency"],
        "method": "other" if amount < 0 else _N43_METHODS.get(line[22:24], "transfer"),
        "payer_name": name or None,
        "account": item["account"] or None,
        "reference": text or None,
        "invoice_reference": rf_reference(line[52:80]) or rf_reference(text),
        "status": "booked",
    }
