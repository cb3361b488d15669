"""HubSpot's records as they are asked for: one, lists, searches, by ids, with what their mapping needs."""

import json
import threading
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

from extract.vendor import Item, Params
from extract.vendors.hubspot.account import LINKS, V
from extract.vendors.hubspot.associations import links_beside
from extract.vendors.hubspot.fields import Fields

PAGE, FOUND = 100, 200  # records a page: most that a list and a search give
SEARCH_BODY = 2900  # characters; HubSpot refuses searches over 3,000
LINKED = 1000  # ids whose associations come in one call
CURRENCIES = {"deals": "deal_currency_code", "line_items": "hs_line_item_currency_code", "quotes": "hs_currency",
              "products": ""}  # the property that says a record's currency  # fmt: skip
OBJECT_CODES = {"deals": "0-3", "companies": "0-2", "contacts": "0-1"}  # in addresses of the screen
ENTERED = "hs_v2_date_entered_"


class Objects(Fields):
    """Records with their associations, framed by the account and its pipelines."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._existing: dict[str, set[str]] = {}
        self._outcomes: dict[str, str] = {}  # stage -> open, won or lost
        self._home: str | None = None  # the account's currency
        self._screen = ""
        self._lock = threading.Lock()

    def _one(self, kind: str, key: str) -> Item:
        asked = {"properties": ",".join(self._asked(kind)), "associations": ",".join(LINKS[kind]) or None}
        return self.get(f"/crm/objects/{V}/{kind}/{key}", **asked)

    def _look_around(self) -> tuple[Item, list[Item]]:
        """Read what the meaning of records rests on: the account and its pipelines."""
        account = self.get(f"/account-info/{V}/details")
        pipelines = self.get(f"/crm/pipelines/{V}/deals")["results"]
        self._outcomes = {s["id"]: outcome_of(s) for p in pipelines for s in p["stages"]}
        self._home = account.get("companyCurrency")
        self._screen = f"https://{account.get('uiDomain', 'app.hubspot.com')}/contacts/{account['portalId']}/record/"
        return account, pipelines

    def _framed(self, items: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """Yield records with what their mapping needs of the account and of their stage."""
        for kind, item in items:
            if not item.get("archived"):
                p, extra = item["properties"], dict[str, Any]()
                if kind == "deals" and (outcome := self._outcomes.get(p.get("dealstage"))):
                    extra["outcome"] = outcome
                if kind in CURRENCIES and not p.get(CURRENCIES[kind]):
                    extra["currency"] = self._home
                if kind in OBJECT_CODES and not item.get("url"):
                    extra["url"] = f"{self._screen}{OBJECT_CODES[kind]}/{item['id']}"
                if extra:
                    item["_"] = extra
            yield kind, item

    def _asked(self, kind: str) -> list[str]:
        """Return the properties to ask for: those we map and the account has."""
        more = {
            "deals": ("closedate", "hs_is_closed_won", "hs_is_closed", "hs_lastmodifieddate", "hs_merged_object_ids"),
            "companies": ("address2", "domain", "hs_lastmodifieddate", "hs_merged_object_ids", "hs_parent_company_id"),
            "contacts": ("lastmodifieddate", "hs_merged_object_ids"),
            "line_items": ("name", "description", "discount", "hs_discount_percentage", "hs_lastmodifieddate"),
            "products": ("hs_lastmodifieddate",),
            "quotes": ("hs_status", "hs_quote_amount", "hs_lastmodifieddate"),
        }[kind]
        won = [ENTERED + stage for stage, outcome in self._outcomes.items() if kind == "deals" and outcome == "won"]
        known = self._properties(kind)
        return [p for p in dict.fromkeys([*self.fields[kind].values(), *more, *won]) if p in known]

    def _properties(self, kind: str) -> set[str]:
        with self._lock:
            if kind not in self._existing:
                reply = self.get(f"/crm/properties/{V}/{kind}")
                self._existing[kind] = {p["name"] for p in reply["results"]}
            return self._existing[kind]

    def _listed(self, kind: str, archived: bool = False) -> Iterator[tuple[str, Item]]:
        params = {
            "limit": PAGE,
            "properties": ",".join(self._asked(kind)),
            "associations": ",".join(LINKS[kind]) or None,
            "archived": "true" if archived else None,
        }
        for reply in self.pages(f"/crm/objects/{V}/{kind}", params, after):
            yield from [(kind, self._complete(kind, item)) for item in reply["results"]]

    def _complete(self, kind: str, item: Item) -> Item:
        """Read the rest of associations that did not fit beside the record."""
        for name, linked in (item.get("associations") or {}).items():
            if linked.get("paging"):
                to = name.replace(" ", "_")
                path = f"/crm/objects/{V}/{kind}/{item['id']}/associations/{to}"
                rows = [r for reply in self.pages(path, {"limit": 500}, after) for r in reply["results"]]
                item["associations"][name] = {"results": links_beside(kind, to, rows)}
        return item

    def _search(self, kind: str, by: str, filters: list[Item]) -> Any:
        asked = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": by, "direction": "ASCENDING"}],
            "properties": self._asked(kind),
            "limit": FOUND,
        }
        path = f"/crm/objects/{V}/{kind}/search"
        if len(json.dumps(asked)) <= SEARCH_BODY:
            return self.read("POST", path, json=asked)
        reply = self.read("POST", path, json=asked | {"properties": []})  # too many stages to name them all here
        held = {item["id"]: item for item in self._by_ids(kind, [item["id"] for item in reply["results"]])}
        return reply | {"results": [held[item["id"]] for item in reply["results"] if item["id"] in held]}

    def _search_once(self, kind: str, filters: list[Item]) -> Any:
        asked = {"filterGroups": [{"filters": filters}], "properties": self._asked(kind), "limit": 10}
        return self.read("POST", f"/crm/objects/{V}/{kind}/search", json=asked)

    def _by_ids(self, kind: str, ids: list[str]) -> Iterator[Item]:
        for chunk in chunks(ids, PAGE):
            asked = {"inputs": [{"id": i} for i in chunk], "properties": self._asked(kind)}
            yield from self.read("POST", f"/crm/objects/{V}/{kind}/batch/read", json=asked)["results"]

    def _linked(self, kind: str, page: list[Item]) -> list[Item]:
        """Return found records with associations in the form a list gives them: search has none."""
        for to in LINKS[kind]:
            links = self._links_of(kind, to, [i["id"] for i in page])
            for item in page:
                if item["id"] in links:
                    item.setdefault("associations", {})[to] = {"results": links_beside(kind, to, links[item["id"]])}
        return page

    def _links_of(self, kind: str, to: str, ids: list[str]) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for chunk in chunks(ids, LINKED):
            inputs: list[Item] = [{"id": i} for i in chunk]
            while inputs:
                reply = self.read("POST", f"/crm/associations/{V}/{kind}/{to}/batch/read", json={"inputs": inputs})
                for row in reply["results"]:
                    found.setdefault(row["from"]["id"], []).extend(row["to"])
                inputs = [
                    {"id": r["from"]["id"], "after": r["paging"]["next"]["after"]}
                    for r in reply["results"]
                    if (r.get("paging") or {}).get("next")
                ]
        return found


def after(reply: Any, params: Params) -> Params | None:
    """Return the cursor of the next page; there is no `paging` on the last."""
    following = (reply.get("paging") or {}).get("next")
    return {"after": following["after"]} if following else None


def where(name: str, operator: str, value: int | str) -> Item:
    """Return a condition of a search."""
    return {"propertyName": name, "operator": operator, "value": str(value)}


def chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield ids, so many at a time."""
    rest = iter(ids)
    while chunk := list(islice(rest, size)):
        yield chunk


def outcome_of(stage: Item) -> str:
    """Return what a deal in a stage is, from the stage's own data: labels and ids are the account's to choose."""
    said = stage.get("metadata") or {}
    if said.get("isClosed") != "true":
        return "open"
    return "won" if Decimal(said.get("probability") or 0) == 1 else "lost"


def merged_ids(item: Item) -> list[str]:
    """Return ids of the records that were merged into this one."""
    ids = item["properties"].get("hs_merged_object_ids") or ""
    return [i for i in ids.replace(",", ";").split(";") if i and i != item["id"]]
