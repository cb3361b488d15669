"""QuickBooks' objects: queries, one, writes under a request id; and what we note on them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from extract.vendor import Item, Params, Refused
from extract.vendors.quickbooks.account import VERSION, Account

PAGE = 1000
ENTITIES = {"customers": "Customer", "items": "Item", "invoices": "Invoice", "credit_memos": "CreditMemo",
            "payments": "Payment", "sales_receipts": "SalesReceipt", "estimates": "Estimate"}  # fmt: skip
INACTIVE_TOO = "Active in (true, false)"
KEY = "cuadra_key"
_NOTED = re.compile(r"^([A-Za-z_]\w*): (.*)$", re.MULTILINE)


class Objects(Account):
    """Objects and lists."""

    def _all(self, entity: str, where: str = "") -> Iterator[Item]:
        """Yield what a query finds, page after page."""
        query = f"select * from {entity}{f' where {where}' if where else ''} orderby Id startposition "
        at = 1

        def following(reply: Any, params: Params) -> Params | None:
            nonlocal at
            at += PAGE
            full = len(_found(reply, entity)) == PAGE
            return {"query": f"{query}{at} maxresults {PAGE}"} if full else None

        params = {"query": f"{query}{at} maxresults {PAGE}", "minorversion": VERSION}
        for reply in self.pages(self._at("query"), params, following):
            yield from _found(reply, entity)

    def _one(self, entity: str, id: str, **more: Any) -> Item:
        """Return one object. Refused (404) where there is none."""
        item: Item = self.get(self._at(f"{entity.lower()}/{id}"), minorversion=VERSION, **more)[entity]
        return item

    def _again(self, entity: str, id: str) -> Item:
        """Return one object, a deleted one as such."""
        try:
            return self._one(entity, id)
        except Refused as error:
            if error.status != 404:
                raise
            return {"Id": id, "status": "Deleted"}

    def _post(self, entity: str, body: Mapping[str, Any], key: str, **query: Any) -> Item:
        """Write once under a request id: QuickBooks answers a repeated one as it did the first time."""
        path = self._at(entity.lower(), minorversion=VERSION, requestid=request_id(key), **query)
        item: Item = self.write("POST", path, json=body)[entity]
        return item

    def _changed(self, entity: str, id: str, body: Mapping[str, Any], key: str = "") -> Item:
        """Change some fields of an object as it is there now; the others stay."""
        now = self._one(entity, id)
        whole = {"Id": id, "SyncToken": now["SyncToken"], "sparse": True, **body}
        return self._post(entity, whole, key or f"{entity}:{id}:{now['SyncToken']}:{body}")


def request_id(key: str) -> str:
    """Return a request id for a key: at most 50 letters."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def noted(text: str | None) -> dict[str, str]:
    """Return what stands in a note as lines "name: value"."""
    return {name: value.strip() for name, value in _NOTED.findall(text or "")}


def with_noted(text: str | None, values: Mapping[str, str | None]) -> str:
    """Return a note in which these names have these values; None takes a name out. What people wrote stays."""
    kept = [line for line in (text or "").splitlines() if not ((m := _NOTED.match(line)) and m[1] in values)]
    return "\n".join(kept + [f"{name}: {value}" for name, value in values.items() if value])


def ref(item: Item, name: str) -> str | None:
    """Return the id that a reference holds."""
    return (item.get(name) or {}).get("value")


def quoted(text: str) -> str:
    """Return a text as it stands in a query."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def is_gone(item: Item) -> bool:
    """Return whether an object was deleted."""
    return str(item.get("status", "")).lower() == "deleted"


def _found(reply: Any, entity: str) -> list[Item]:
    found: list[Item] = (reply.get("QueryResponse") or {}).get(entity) or []
    return found
