"""Makes the sandbox company's customers: fictitious names with accents and legal forms, valid tax ids, addresses."""

from random import Random

from extract.sandbox import identifiers
from extract.sandbox.books import Contact, Customer
from extract.sandbox.world import COUNTRIES, OWNERS, Country

FIRST_COMPANY_ID = 15_020_400_100
FIRST_CONTACT_ID = 48_810_050_200
TERMS = (15, 30, 30, 30, 45, 60)


class CustomerMaker:
    """Makes customers one by one; no two share a name, a domain, a tax id or an account."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.names: set[str] = set()
        self.count = 0

    def customer(self, country: Country | None = None, payer: str | None = None) -> Customer:
        """Return a new customer with its main contact, of `country` or of any by its share of our trade."""
        rng = self.rng
        country = country or rng.choices(COUNTRIES, [c.share for c in COUNTRIES])[0]
        is_person = country.code in ("ES", "MX") and rng.random() < 0.06
        name, stem = self._name(country, is_person)
        self.count += 1
        domain = f"{stem}.example"
        city, region, postcode = rng.choice(country.cities)
        street = rng.choice(country.streets)
        number = rng.randint(1, 180)
        customer = Customer(
            id=str(FIRST_COMPANY_ID + self.count * 37),
            stripe_id="cus_" + "".join(rng.choices(identifiers.BASE62, k=14)),
            name=name,
            country=country,
            tax_id=(tax_id := identifiers.tax_id(rng, country.code, name, is_person)),
            tax_id_typed=identifiers.as_typed(rng, country.code, tax_id),
            email="",
            phone=self._phone(country),
            street=f"{number} {street}" if country.code in ("FR", "GB", "US") else f"{street} {number}",
            city=city,
            region=region,
            postcode=postcode,
            domain=domain,
            account=identifiers.iban(rng, country.code),
            terms=rng.choice(TERMS),
            payer=payer or ("stripe" if rng.random() < 0.46 else "bank"),
            delay=rng.choice((-9, -6, -3, -2, 0, 0, 1, 2, 4, 7, 11, 19, 26)),
            owner=rng.randrange(len(OWNERS) - 1),
            offset=0,
        )
        customer.contacts.append(self.contact(customer))
        customer.email = customer.contacts[0].email or ""
        if rng.random() < 0.35:
            customer.contacts.append(self.contact(customer))
        return customer

    def contact(self, customer: Customer) -> Contact:
        """Return one more person at `customer`, with an address of their own at its domain."""
        rng = self.rng
        first, last = rng.choice(customer.country.first_names), rng.choice(customer.country.last_names)
        taken = {c.email for c in customer.contacts}
        local = ".".join(slug(part) for part in (first.split()[0], last))
        email = f"{local}@{customer.domain}"
        if email in taken:
            email = f"{local}{len(taken) + 1}@{customer.domain}"
        number = FIRST_CONTACT_ID + self.count * 53 + len(customer.contacts) * 11
        return Contact(str(number), first, last, email, self._phone(customer.country))

    def _phone(self, country: Country) -> str:
        return f"{country.phone}{identifiers.digits(self.rng, country.digits)}"

    def _name(self, country: Country, is_person: bool) -> tuple[str, str]:
        rng = self.rng
        for attempt in range(500):
            if is_person:
                first, last = rng.choice(country.first_names), rng.sample(country.last_names, 2)
                name = stem = f"{first} {last[0]} {last[1]}"
            else:
                stem = f"{rng.choice(country.activities)} {rng.choice(country.names)}"
                if attempt > 20:  # the good names are taken: say where they are
                    stem += f" {rng.choice(country.cities)[0]}"
                if attempt > 60:
                    stem += f" {rng.randint(2, 9)}"
                name = f"{stem} {rng.choice(country.forms)}"
            if stem not in self.names:
                self.names.add(stem)
                return name, slug(stem)
        raise ValueError(f"no free name left in {country.code}")


def slug(text: str) -> str:
    """Return `text` as it may stand in a domain or the local part of an address."""
    letters = identifiers.plain(text).lower()
    return "".join(c if c.isalnum() else "-" for c in letters).strip("-").replace("--", "-").replace("--", "-")
