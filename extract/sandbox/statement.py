"""The bank's view of the company: its statements as CAMT.053 (ISO 20022, version 8) and as a bank's CSV."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from extract.sandbox.books import Company, Payment, decimal

OPENING = {"EUR": 420_000_00, "PLN": 310_000_00, "MXN": 900_000_00, "USD": 95_000_00, "GBP": 60_000_00}
OWNER = "FARO NORTE SISTEMAS SL"
GATEWAY = "STRIPE TECHNOLOGY EUROPE LTD"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True)
class Entry:
    """A booked movement; `amount` in minor units, negative when money left."""

    id: str
    on: date
    amount: int
    currency: str
    name: str
    account: str
    text: str
    structured: str | None
    end_to_end: str
    family: str


def entries(company: Company, payments: Iterable[Payment] | None = None, is_whole: bool = True) -> list[Entry]:
    """Return the bank's movements by day: transfers in (all, or those given), payouts of the gateway, and the rest."""
    chosen = company.payments if payments is None else payments
    rows = [
        Entry(
            p.id,
            p.on,
            p.amount,
            p.currency,
            p.payer,
            p.account,
            p.text,
            p.structured,
            p.end_to_end or "NOTPROVIDED",
            "RCDT",
        )
        for p in chosen
        if p.method == "bank"
    ]
    if is_whole:
        for payout in company.payouts:
            text = f"STRIPE PAYOUT {payout.trace}"
            rows.append(
                Entry(
                    payout.bank_id,
                    payout.arrives,
                    payout.amount,
                    payout.currency,
                    GATEWAY,
                    "",
                    text,
                    None,
                    payout.trace,
                    "RCDT",
                )
            )
        for noise in company.noise:
            family = "IDDT" if noise.payee else "MDOP"
            rows.append(
                Entry(
                    noise.id,
                    noise.on,
                    noise.amount,
                    noise.currency,
                    noise.payee,
                    "",
                    noise.text,
                    None,
                    "NOTPROVIDED",
                    family,
                )
            )
    return sorted(rows, key=lambda e: (e.on, e.id))


def bank_statement(company: Company, movements: list[Entry] | None = None) -> str:
    """Return one CAMT.053.001.08 document with a statement for each currency account."""
    movements = entries(company) if movements is None else movements
    stamp = f"{company.today}T06:00:00+01:00"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<Document xmlns="{NAMESPACE}"><BkToCstmrStmt>',
        f"<GrpHdr><MsgId>FNB-{company.today:%Y%m%d}</MsgId><CreDtTm>{stamp}</CreDtTm></GrpHdr>\n",
    ]
    for currency, account in company.accounts.items():
        if own := [e for e in movements if e.currency == currency]:
            parts += _statement(currency, account, own, stamp)
    return "".join([*parts, "</BkToCstmrStmt></Document>\n"])


def _statement(currency: str, account: str, own: list[Entry], stamp: str) -> list[str]:
    opening = OPENING[currency]
    closing = opening + sum(e.amount for e in own)
    first, last = own[0].on, own[-1].on
    return [
        f"<Stmt><Id>{currency}-{stamp[:10]}</Id><ElctrncSeqNb>1</ElctrncSeqNb><CreDtTm>{stamp}</CreDtTm>",
        f"<FrToDt><FrDtTm>{first}T00:00:00+01:00</FrDtTm><ToDtTm>{last}T23:59:59+01:00</ToDtTm></FrToDt>",
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy><Ownr><Nm>{OWNER}</Nm></Ownr></Acct>",
        _balance("OPBD", opening, currency, first),
        _balance("CLBD", closing, currency, last),
        "\n",
        *(_entry(e) + "\n" for e in own),
        "</Stmt>\n",
    ]


def _balance(code: str, amount: int, currency: str, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{decimal(abs(amount))}</Amt>'
        f"<CdtDbtInd>{_side(amount)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _side(amount: int) -> str:
    return "CRDT" if amount >= 0 else "DBIT"


def _entry(entry: Entry) -> str:
    amount = (
        f'<Amt Ccy="{entry.currency}">{decimal(abs(entry.amount))}</Amt><CdtDbtInd>{_side(entry.amount)}</CdtDbtInd>'
    )
    domain, sub = ("ACMT", "CHRG") if entry.family == "MDOP" else ("PMNT", "ESCT" if entry.family == "RCDT" else "OTHR")
    texts = f"<Ustrd>{escape(entry.text)}</Ustrd>" if entry.text else ""
    if entry.structured:
        reference = f"<Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp><Ref>{entry.structured}</Ref>"
        texts += f"<Strd><CdtrRefInf>{reference}</CdtrRefInf></Strd>"
    return (
        f"<Ntry>{amount}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{entry.on}</Dt></BookgDt><ValDt><Dt>{entry.on}</Dt></ValDt>"
        f"<AcctSvcrRef>{entry.id}</AcctSvcrRef><BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{entry.family}</Cd>"
        f"<SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{entry.end_to_end}</EndToEndId></Refs>{amount}{_parties(entry)}"
        + (f"<RmtInf>{texts}</RmtInf>" if texts else "")
        + "</TxDtls></NtryDtls></Ntry>"
    )


def _parties(entry: Entry) -> str:
    if not entry.name:
        return ""
    role = "Dbtr" if entry.amount >= 0 else "Cdtr"
    party = f"<{role}><Pty><Nm>{escape(entry.name)}</Nm></Pty></{role}>"
    if entry.account:
        kind = (
            f"<IBAN>{entry.account}</IBAN>" if entry.account[0].isalpha() else f"<Othr><Id>{entry.account}</Id></Othr>"
        )
        party += f"<{role}Acct><Id>{kind}</Id></{role}Acct>"
    return f"<RltdPties>{party}</RltdPties>"


def bank_csv(company: Company, movements: list[Entry] | None = None) -> str:
    """Return the same movements as a Spanish bank's CSV: semicolons, decimal comma, day first."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(("Fecha operación", "Fecha valor", "Concepto", "Ordenante", "Cuenta ordenante", "Importe", "Divisa",
                     "Referencia", "Cuenta"))  # fmt: skip
    for entry in entries(company) if movements is None else movements:
        day = f"{entry.on:%d/%m/%Y}"
        text = " ".join(t for t in (entry.text, entry.structured) if t)
        amount = f"{decimal(entry.amount)}".replace(".", ",")
        writer.writerow(
            (
                day,
                day,
                text,
                entry.name,
                entry.account,
                amount,
                entry.currency,
                entry.id,
                company.accounts[entry.currency],
            )
        )
    return out.getvalue()
