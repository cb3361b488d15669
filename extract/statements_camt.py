"""CAMT.053 (ISO 20022) bank statements, versions 2 to 13: streamed, one item per transaction of an entry.

Source: the XSDs of camt.053.001.02 and .08. From .08 on a status is `Sts/Cd` and a party `Dbtr/Pty/Nm`.
A batch entry becomes one item per `TxDtls` where these say amounts that add up to the entry's, else one item.
"""

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from pathlib import Path

from lxml import etree

from extract.files_errors import FileError
from extract.files_rules import rf_reference
from extract.files_values import account_number, compact
from extract.statements_movement import Item, Row

_METHODS = {"RCDT": "transfer", "RRCT": "transfer", "RDDT": "direct_debit", "IDDT": "direct_debit", "CCRD": "card",
            "MCRD": "card", "CNTR": "cash", "RCHQ": "cheque"}  # fmt: skip
_STATES = {"BOOK": "booked", "PDNG": "pending", "FUTR": "pending"}
# Files come from outside: no entities, no network, no huge trees.
_SAFE = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def items(path: Path) -> Iterator[Item]:
    """Yield the transactions of all statements in a file. Raises FileError where it is cut or does not add up."""
    account, currency, moved = "", "", Decimal(0)
    balances: dict[str, tuple[Decimal, str]] = {}
    try:
        for _, element in etree.iterparse(
            str(path), events=("end",), tag=("{*}Acct", "{*}Bal", "{*}Ntry", "{*}Stmt"), **_SAFE
        ):
            if element.getroottree().docinfo.doctype:
                raise FileError(path, "declares a document type, which no bank statement does: it is not trusted.")
            tag = etree.QName(element).localname
            parent = element.getparent()
            if tag == "Acct" and parent is not None and etree.QName(parent).localname == "Stmt":
                account = account_number(_text(element, "Id/IBAN") or _text(element, "Id/Othr/Id"))
                currency = _text(element, "Ccy")
            elif tag == "Bal":
                balances.update(_balance(element))
            elif tag == "Ntry":
                if _state(element) == "booked":
                    moved += _signed(element)
                for part, split in _parts(element):
                    entry = etree.tostring(part, encoding="unicode", with_tail=False)
                    yield {
                        "format": "camt053",
                        "account": account,
                        "currency": currency,
                        "split": split,
                        "entry": entry,
                    }
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
            elif tag == "Stmt":
                _add_up(path, balances, moved)
                balances, moved = {}, Decimal(0)
    except etree.XMLSyntaxError as error:
        raise FileError(path, f"is cut or damaged ({error}). Download it again.") from error
    except InvalidOperation as error:
        raise FileError(path, "has an amount that is not a number. Download it again.") from error


def _balance(element: etree._Element) -> dict[str, tuple[Decimal, str]]:
    amount = element.find("{*}Amt")
    if amount is None:
        return {}
    sign = -1 if _text(element, "CdtDbtInd") == "DBIT" else 1
    return {_text(element, "Tp/CdOrPrtry/Cd"): (sign * Decimal(amount.text or "0"), amount.get("Ccy", ""))}


def _add_up(path: Path, balances: dict[str, tuple[Decimal, str]], moved: Decimal) -> None:
    opening, closing = balances.get("OPBD"), balances.get("CLBD")
    if opening and closing and opening[1] == closing[1] and opening[0] + moved != closing[0]:
        what = f"opens with {opening[0]} {opening[1]} and closes with {closing[0]}, but its entries come to {moved}"
        raise FileError(path, f"{what}: entries are missing or changed. Download it again.")


def _parts(entry: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    """Yield an entry as it is, or once per transaction where these have amounts that add up."""
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    amounts = [_detail_amount(d, _ccy(entry)) for d in details]
    whole = Decimal(entry.findtext("{*}Amt") or "0")
    if len(details) < 2 or any(a is None for a in amounts) or abs(sum(filter(None, amounts))) != whole:
        yield entry, False
        return
    bare = deepcopy(entry)
    for block in bare.findall("{*}NtryDtls"):
        bare.remove(block)
    for detail in details:
        part = deepcopy(bare)
        etree.SubElement(part, etree.QName(detail.getparent()).text).append(deepcopy(detail))
        yield part, True


def _detail_amount(detail: etree._Element, currency: str) -> Decimal | None:
    """Return a transaction's amount in the entry's currency, positive in the entry's own direction; None: not said."""
    for path in ("{*}Amt", "{*}AmtDtls/{*}TxAmt/{*}Amt", "{*}AmtDtls/{*}InstdAmt/{*}Amt"):
        found = detail.find(path)
        if found is not None and found.get("Ccy", currency) == currency:
            entry_way = _text(detail.getparent().getparent(), "CdtDbtInd")
            own_way = _text(detail, "CdtDbtInd") or entry_way
            return Decimal(found.text or "0") * (1 if own_way == entry_way else -1)
    return None


def row(item: Item) -> Row | None:
    """Return the payment that an item means; None where it is only information."""
    entry = etree.fromstring(item["entry"], etree.XMLParser(**_SAFE))
    state = _state(entry)
    if state is None:
        return None
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    detail = details[0] if len(details) == 1 else entry
    amount = _signed(entry)
    if item["split"]:
        part = _detail_amount(details[0], _ccy(entry))
        assert part is not None
        amount = part if amount >= 0 else -part
    party, account = ("Dbtr", "DbtrAcct") if amount >= 0 else ("Cdtr", "CdtrAcct")
    text = _remittance(details or [entry]) or _text(detail, "AddtlTxInf") or _text(entry, "AddtlNtryInf")
    back = _text(entry, "RvslInd") == "true" or detail.find("{*}RtrInf") is not None
    family = _text(entry, "BkTxCd/Domn/Fmly/Cd")
    return {
        "paid_on": _day(entry, "ValDt") or _day(entry, "BookgDt"),
        "amount": amount,
        "currency": _ccy(entry) or item["currency"],
        "method": "other" if amount < 0 or back else _METHODS.get(family, "transfer"),
        "payer_name": _text(detail, f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm",
                            f"RltdPties/Ultmt{party}/Nm", f"RltdPties/Ultmt{party}/Pty/Nm") or None,
        "payer_tax_id": _tax_id(detail, party),
        "payer_iban": _account(detail, account),
        "account": item["account"] or None,
        "reference": text or None,
        "invoice_reference": _reference(detail) or rf_reference(text),
        "bank_reference": _text(detail, "Refs/AcctSvcrRef") or _text(entry, "AcctSvcrRef") or None,
        "status": state,
    }  # fmt: skip


def _text(element: etree._Element, *paths: str) -> str:
    for path in paths:
        found = element.findtext("/".join("{*}" + step for step in path.split("/")))
        if found and found.strip():
            return " ".join(found.split())
    return ""


def _ccy(entry: etree._Element) -> str:
    amount = entry.find("{*}Amt")
    return amount.get("Ccy", "") if amount is not None else ""


def _signed(entry: etree._Element) -> Decimal:
    amount = Decimal(entry.findtext("{*}Amt") or "0")
    return -amount if _text(entry, "CdtDbtInd") == "DBIT" else amount


def _state(entry: etree._Element) -> str | None:
    return _STATES.get(_text(entry, "Sts/Cd", "Sts") or "BOOK")


def _day(entry: etree._Element, name: str) -> str | None:
    return (_text(entry, f"{name}/Dt") or _text(entry, f"{name}/DtTm"))[:10] or None


def _remittance(details: list[etree._Element]) -> str:
    found: list[str] = []
    for detail in details:
        for path in ("{*}RmtInf/{*}Ustrd", "{*}RmtInf/{*}Strd/{*}RfrdDocInf/{*}Nb", "{*}RmtInf/{*}Strd/{*}AddtlRmtInf"):
            found += [" ".join(e.text.split()) for e in detail.findall(path) if e.text and e.text.strip()]
    return " ".join(dict.fromkeys(found))


def _reference(detail: etree._Element) -> str | None:
    told = _text(detail, "RmtInf/Strd/CdtrRefInf/Ref")
    if told:
        return compact(told) if rf_reference(told) else told
    end_to_end = _text(detail, "Refs/EndToEndId")
    return end_to_end if end_to_end and end_to_end.upper() not in ("NOTPROVIDED", "NOT PROVIDED", "NONREF") else None


def _account(detail: etree._Element, name: str) -> str | None:
    return account_number(_text(detail, f"RltdPties/{name}/Id/IBAN", f"RltdPties/{name}/Id/Othr/Id")) or None


def _tax_id(detail: etree._Element, party: str) -> str | None:
    for other in detail.findall(f"{{*}}RltdPties/{{*}}{party}//{{*}}Othr"):
        if _text(other, "SchmeNm/Cd") == "TXID":
            return compact(_text(other, "Id")) or None
    return None
