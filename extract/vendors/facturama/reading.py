"""Reading: everything, or what may have changed since an instant, and one item again.

Facturama does not say when anything changed. Clients and products are read whole each time; of documents those issued
since then (they may be dated back by three days), and once a day those of the last `reread_days` too, since only
another look tells that one was cancelled or mailed.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from extract.values import EVERYBODYS
from extract.vendor import Item, Refused
from extract.vendors.facturama.rows import DocumentRows, fiscal_name

BACKDATED = dt.timedelta(days=4)  # a CFDI may be dated 72 hours back; the day around it is whole
BILLED = ("I", "E", "P")  # income, credit note, payments: the others bill nobody


class Reading(DocumentRows):
    """Fetches what there is; changes nothing."""

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return clients, products and documents, one after the other: documents name their client by tax id alone."""
        return [self._everything(since)]

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one item again; nothing where it is gone."""
        try:
            if kind == "cfdis":
                yield kind, self._whole(self._document(key), _by_name(self._catalogue("Clients")))
            elif kind in ("clients", "products"):
                yield kind, self.get(f"/{kind[:-1].capitalize()}/{key}")
        except Refused as error:
            if error.status != 404:
                raise

    def _everything(self, since: dt.datetime | None) -> Iterator[tuple[str, Item]]:
        clients = list(self._catalogue("Clients"))
        yield from (("clients", client) for client in clients)
        yield from (("products", product) for product in self._catalogue("Products"))
        known = _by_name(clients)
        for row in self._documents(**self._window(since)):
            yield "cfdis", self._whole(row, known)

    def _window(self, since: dt.datetime | None) -> dict[str, str]:
        """Return the filter by day of issue; none where everything is read."""
        if since is None:
            return {}
        today, first = self.now().astimezone(self.zone).date(), since.astimezone(self.zone).date()
        again = int(self.chosen["reread_days"] or 0)
        start = first - BACKDATED
        if first < today and again:
            start = min(start, today - dt.timedelta(days=again))
        return {"dateStart": f"{start:%d/%m/%Y}", "dateEnd": f"{today + dt.timedelta(days=1):%d/%m/%Y}"}

    def _whole(self, row: Item, clients: Mapping[tuple[str, str], str]) -> Item:
        """Return a document with its XML and its client's id."""
        if str(row.get("CfdiType") or "").strip().upper()[:1] not in BILLED:
            return row
        rfc = str(row.get("Rfc") or "").upper()
        name = fiscal_name(row.get("TaxName"), rfc)
        client = (
            clients.get((rfc, name)) or clients.get((rfc, "")) if rfc not in EVERYBODYS else clients.get((rfc, name))
        )
        return row | {"_": {"xml": self._file("xml", row["Id"]).decode("utf-8-sig"), "client": client}}


def _by_name(clients: Iterable[Item]) -> dict[tuple[str, str], str]:
    """Return the ids of clients by tax id and name, and by tax id alone: of two with one the older stands for both."""
    found: dict[tuple[str, str], str] = {}
    for client in clients:
        rfc = str(client.get("Rfc") or "").strip().upper()
        for name in (fiscal_name(client.get("Name"), rfc), ""):
            found.setdefault((rfc, name), str(client["Id"]))
    return found
