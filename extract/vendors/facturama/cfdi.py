"""A CFDI 4.0 as the tax office defines it, read from its XML: head, lines with their taxes, relations and payments.

Source: SAT, Anexo 20 (CFDI 4.0, namespace http://www.sat.gob.mx/cfd/4) and complement Recepción de Pagos 2.0
(http://www.sat.gob.mx/Pagos20). The XML is the document itself: unlike Facturama's own detail it says each line's tax,
the currency by its code and what a payment settled, and it never changes once it is stamped.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from lxml import etree

# It comes from outside: no entities, no network, no huge trees.
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_CFDI, _PAYMENTS, _STAMP = "{http://www.sat.gob.mx/cfd/4}", "{http://www.sat.gob.mx/Pagos20}", "{*}TimbreFiscalDigital"


class Line(NamedTuple):
    """One line. Money as on the document: never negative."""

    code: str  # of SAT's catalogue of products and services
    sku: str | None
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    discount: Decimal
    tax_rate: Decimal  # percent, of what is added; what the customer withholds is not in it


class Settled(NamedTuple):
    """What of a payment settles one document, in that document's currency."""

    uuid: str
    number: str
    amount: Decimal
    currency: str


class Paid(NamedTuple):
    """One payment of a receipt."""

    at: str
    amount: Decimal
    currency: str
    form: str
    reference: str | None
    account: str | None  # it came from
    settles: tuple[Settled, ...]


class Document(NamedTuple):
    """A CFDI."""

    uuid: str
    sort: str  # I income, E credit note, P payments, T transport, N payroll
    number: str
    series: str | None
    issued_at: str  # local time of where it was issued
    currency: str
    fx_rate: Decimal | None
    method: str  # PUE paid in one go, PPD to be paid later
    terms: str | None
    subtotal: Decimal
    discount: Decimal
    total: Decimal
    added: Decimal  # taxes on top
    withheld: Decimal
    rfc: str
    name: str
    seller: tuple[str, str, str]  # our name, tax id and postcode
    relations: tuple[tuple[str, str], ...]  # SAT's code of the relation, UUID
    lines: tuple[Line, ...]
    payments: tuple[Paid, ...]


def document(xml: bytes | str) -> Document:
    """Return what a CFDI says. ValueError or KeyError where it is none, or of another version."""
    try:
        root = etree.fromstring(xml.encode() if isinstance(xml, str) else xml, _PARSER)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"its XML cannot be read: {error}") from error
    if root.tag != f"{_CFDI}Comprobante":
        raise ValueError(f"{root.tag} is no CFDI 4.0")
    said, receiver = root.attrib, root.find(f"{_CFDI}Receptor").attrib
    seller = root.find(f"{_CFDI}Emisor").attrib
    taxes = root.find(f"{_CFDI}Impuestos")
    stamp = root.find(f"{_CFDI}Complemento/{_STAMP}")
    if stamp is None:
        raise ValueError("it is not stamped")
    return Document(
        uuid=stamp.attrib["UUID"].lower(), sort=said["TipoDeComprobante"], number=number(said),
        series=said.get("Serie"), issued_at=said["Fecha"], currency=said["Moneda"],
        fx_rate=Decimal(said["TipoCambio"]) if "TipoCambio" in said else None,
        method=said.get("MetodoPago", ""), terms=said.get("CondicionesDePago"), subtotal=Decimal(said["SubTotal"]),
        discount=Decimal(said.get("Descuento", "0")), total=Decimal(said["Total"]),
        added=_sum(taxes, "TotalImpuestosTrasladados"), withheld=_sum(taxes, "TotalImpuestosRetenidos"),
        rfc=receiver["Rfc"], name=receiver["Nombre"],
        seller=(seller["Nombre"], seller["Rfc"], said["LugarExpedicion"]),
        relations=tuple((group.attrib["TipoRelacion"], one.attrib["UUID"].lower())
                        for group in root.findall(f"{_CFDI}CfdiRelacionados")
                        for one in group.findall(f"{_CFDI}CfdiRelacionado")),
        lines=tuple(_line(one) for one in root.findall(f"{_CFDI}Conceptos/{_CFDI}Concepto")),
        payments=tuple(_paid(one) for one in root.findall(f"{_CFDI}Complemento/{_PAYMENTS}Pagos/{_PAYMENTS}Pago")),
    )  # fmt: skip


def number(said: etree._Attrib) -> str:
    """Return the number people know a document by: its series and folio."""
    return "-".join(part for part in (said.get("Serie"), said.get("Folio")) if part)


def _line(node: etree._Element) -> Line:
    said = node.attrib
    return Line(said["ClaveProdServ"], said.get("NoIdentificacion"), said["Descripcion"], Decimal(said["Cantidad"]),
                Decimal(said["ValorUnitario"]), Decimal(said["Importe"]), Decimal(said.get("Descuento", "0")),
                sum(_rates(node), Decimal(0)))  # fmt: skip


def _rates(node: etree._Element) -> Iterator[Decimal]:
    """Yield the percentages of a line's added taxes; one that is exempt, or not subject to any, adds none."""
    for tax in node.findall(f"{_CFDI}Impuestos/{_CFDI}Traslados/{_CFDI}Traslado"):
        kind = tax.attrib["TipoFactor"]
        if kind == "Tasa":
            yield Decimal(tax.attrib["TasaOCuota"]) * 100
        elif kind != "Exento":  # a fixed sum for each unit: no percentage says it
            raise ValueError(f"a tax of the kind {kind} is no percentage")


def _paid(node: etree._Element) -> Paid:
    said = node.attrib
    return Paid(said["FechaPago"], Decimal(said["Monto"]), said["MonedaP"], said["FormaDePagoP"],
                said.get("NumOperacion"), said.get("CtaOrdenante"),
                tuple(_settled(one.attrib) for one in node.findall(f"{_PAYMENTS}DoctoRelacionado")))  # fmt: skip


def _settled(said: etree._Attrib) -> Settled:
    return Settled(said["IdDocumento"].lower(), number(said), Decimal(said["ImpPagado"]), said["MonedaDR"])


def _sum(taxes: etree._Element | None, name: str) -> Decimal:
    return Decimal(0 if taxes is None else taxes.attrib.get(name, "0"))
