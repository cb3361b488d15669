"""Identifiers that pass their own check digits: tax ids, IBANs, creditor references, and vendors' object ids."""

import unicodedata
from random import Random

from stdnum import iban as iban_number
from stdnum import iso11649, luhn
from stdnum.de import vat as de_vat
from stdnum.es import cif, dni
from stdnum.fr import tva
from stdnum.gb import vat as gb_vat
from stdnum.iso7064 import mod_11_10, mod_97_10
from stdnum.mx import rfc
from stdnum.pl import nip
from stdnum.us import ein

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
STRIPE_TAX_ID_TYPES = {"ES": "es_cif", "FR": "eu_vat", "PL": "eu_vat", "DE": "eu_vat", "GB": "gb_vat", "MX": "mx_rfc",
                       "US": "us_ein"}  # fmt: skip
CODED = ("FR", "PL", "DE", "GB")  # countries whose number Stripe shows with the country in front
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def digits(rng: Random, count: int) -> str:
    """Return `count` random digits, the first of them not zero."""
    return str(rng.randint(10 ** (count - 1), 10**count - 1))


def tax_id(rng: Random, country: str, name: str, is_person: bool = False) -> str:
    """Return a valid tax id of `country` without prefix or punctuation; in MX its letters come from `name`."""
    return _MAKERS[country](rng, name, is_person)


def _spanish(rng: Random, name: str, is_person: bool) -> str:
    if is_person:
        number = rng.randint(10_000_000, 79_999_999)
        return f"{number}{DNI_LETTERS[number % 23]}"
    letter = "A" if "S.A." in name else "F" if "Coop" in name else "B"
    body = letter + str(rng.randint(1_000_000, 9_899_999)).zfill(7)
    return body + cif.calc_check_digits(body)[0]


def _french(rng: Random, _name: str, _person: bool) -> str:
    body = digits(rng, 8)
    siren = body + luhn.calc_check_digit(body)
    return f"{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def _polish(rng: Random, _name: str, _person: bool) -> str:
    while True:  # one body in eleven has no check digit
        body = digits(rng, 9)
        for last in "0123456789":
            if nip.is_valid(body + last):
                return body + last


def _mexican(rng: Random, name: str, is_person: bool) -> str:
    letters = "".join(c for c in plain(name).upper() if c.isalpha())
    head = (letters + "XXXX")[: 4 if is_person else 3]
    day = f"{rng.randint(60, 99)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    body = head + day + "".join(rng.choice("ABCDEFGHJKLMN123456789") for _ in range(2))
    return body + rfc.calc_check_digit(body)


def _german(rng: Random, _name: str, _person: bool) -> str:
    body = digits(rng, 8)
    return body + mod_11_10.calc_check_digit(body)


def _british(rng: Random, _name: str, _person: bool) -> str:
    body = digits(rng, 7)
    total = sum(int(d) * w for d, w in zip(body, range(8, 1, -1), strict=True))
    return f"{body}{97 - total % 97 if total % 97 else 97:02d}"


def _american(rng: Random, _name: str, _person: bool) -> str:
    while True:
        number = f"{rng.choice((20, 26, 27, 45, 46, 47, 81, 82, 83))}{rng.randint(1_000_000, 9_999_999)}"
        if ein.is_valid(number):
            return number


_MAKERS = {"ES": _spanish, "FR": _french, "PL": _polish, "MX": _mexican, "DE": _german, "GB": _british, "US": _american}


def is_valid_tax_id(country: str, number: str) -> bool:
    """Return whether `number`, written without country prefix, holds by the rules of `country`."""
    if country == "ES":
        return bool(cif.is_valid(number) or dni.is_valid(number))
    checker = {"FR": tva, "PL": nip, "MX": rfc, "DE": de_vat, "GB": gb_vat, "US": ein}[country]
    return bool(checker.is_valid(number))


def as_stripe(country: str, number: str) -> tuple[str, str]:
    """Return Stripe's type and spelling of a tax id: `("eu_vat", "DE123456788")`, `("us_ein", "12-3456789")`."""
    if country == "US":
        return "us_ein", f"{number[:2]}-{number[2:]}"
    return STRIPE_TAX_ID_TYPES[country], (country if country in CODED else "") + number


def as_typed(rng: Random, country: str, number: str) -> str:
    """Return the number as some salesperson typed it: bare, with prefix, with dashes or blanks, in lower case."""
    if country == "US":
        return rng.choice((f"{number[:2]}-{number[2:]}", number))
    if country == "MX":
        return rng.choice((number, number, number.lower()))
    way = rng.random()
    if way < 0.55:
        return number
    if way < 0.8:
        return country + number
    if way < 0.92:
        return f"{country} {number}"
    return f"{number[0]}-{number[1:]}" if number[0].isalpha() else f"{number[:3]} {number[3:]}"


def iban(rng: Random, country: str) -> str:
    """Return an account number: an IBAN whose check digits hold, a CLABE in MX, a plain number in the US."""
    if country == "MX":
        body = digits(rng, 17)
        weights = (3, 7, 1)
        return body + str(-sum(int(d) * weights[i % 3] % 10 for i, d in enumerate(body)) % 10)
    if country == "US":
        return digits(rng, 12)
    bban = {"ES": _spanish_account, "FR": _french_account, "PL": _polish_account}.get(country, _plain_account)(
        rng, country
    )
    check = mod_97_10.calc_check_digits(bban + country)
    return iban_number.compact(country + check + bban)


def _spanish_account(rng: Random, _country: str) -> str:
    bank, account = rng.choice(("2100", "0049", "0182", "0081", "2085")) + digits(rng, 4), digits(rng, 10)

    def check(number: str) -> str:
        rest = 11 - sum(int(d) * 2**i for i, d in enumerate(number)) % 11
        return str({10: 1, 11: 0}.get(rest, rest))

    return bank + check("00" + bank) + check(account) + account


def _french_account(rng: Random, _country: str) -> str:
    bank, desk, account = "30004", digits(rng, 5), digits(rng, 11)
    return bank + desk + account + f"{97 - (89 * int(bank) + 15 * int(desk) + 3 * int(account)) % 97:02d}"


def _polish_account(rng: Random, _country: str) -> str:
    bank = rng.choice(("1020", "1140", "1050", "2490")) + digits(rng, 3)
    check = -sum(int(d) * w for d, w in zip(bank, (3, 9, 7, 1, 3, 9, 7), strict=True)) % 10
    return f"{bank}{check}{digits(rng, 16)}"


def _plain_account(rng: Random, country: str) -> str:
    return "BARC" + digits(rng, 14) if country == "GB" else digits(rng, 18)


def creditor_reference(number: str) -> str:
    """Return the ISO 11649 reference of an invoice number: `RF45FN10421`."""
    body = "".join(c for c in number if c.isalnum()).upper()
    reference = "RF" + mod_97_10.calc_check_digits(body + "RF") + body
    return str(iso11649.validate(reference))


def object_id(rng: Random, prefix: str, size: int = 14) -> str:
    """Return an id in Stripe's manner: `in_1Rk3vA7bQx…`."""
    return f"{prefix}_1R" + "".join(rng.choices(BASE62, k=size))


def plain(text: str) -> str:
    """Return `text` without accents, as bank systems send it."""
    swapped = text.translate(str.maketrans("łŁøØßæÆ", "lLoOsaA"))
    return "".join(c for c in unicodedata.normalize("NFKD", swapped) if not unicodedata.combining(c))
