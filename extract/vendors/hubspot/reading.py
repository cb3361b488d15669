"""Reading: everything, or what changed since an instant, and one record again."""

import datetime as dt
from collections.abc import Iterable, Iterator

from extract.vendor import Item, Refused
from extract.vendors.hubspot.account import LINKS, V
from extract.vendors.hubspot.objects import FOUND, PAGE, Objects, after, chunks, merged_ids, where


class Reading(Objects):
    """Fetches what there is; changes nothing."""

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return everything, or what changed since an instant; archived records come as such, to be removed."""
        self._existing.clear()  # somebody may have made a property since
        account, pipelines = self._look_around()
        if since is None:
            first = [("account", account), *(("pipelines", p) for p in pipelines)]
            return [first, *(self._framed(self._listed(kind)) for kind in LINKS), self._owners(None)]
        changed = [p for p in pipelines if any(_changed(part, since) for part in (p, *p["stages"]))]
        # A stage that came to mean something else changes deals that nobody touched.
        deals = self._listed("deals") if changed else self._modified("deals", since)
        others = [self._modified(kind, since) for kind in LINKS if kind not in ("deals", "products")]
        streams = [
            deals,
            *others,
            self._modified_products(since),
            *(self._archived(kind, since) for kind in LINKS),
            self._lines_of_new_deals(since),
        ]
        return [[("pipelines", p) for p in changed], *map(self._framed, streams), self._owners(since)]

    def key(self, kind: str, item: Item) -> str:
        """Return the record's id; the account is known by its portal."""
        return str(item["portalId"] if kind == "account" else item["id"])

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one record again; nothing where it is gone."""
        if kind not in LINKS:
            return
        self._look_around()
        try:
            yield from self._framed([(kind, self._one(kind, key))])
        except Refused as error:
            if error.status != 404:
                raise

    def _archived(self, kind: str, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        for reply in self.pages(f"/crm/objects/{V}/{kind}", {"limit": PAGE, "archived": "true"}, after):
            for item in reply["results"]:
                if _changed(item, since, "archivedAt"):
                    yield kind, item

    def _modified(self, kind: str, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        for page in self._found(kind, modified, int(since.timestamp() * 1000)):
            yield from ((kind, item) for item in self._linked(kind, page))
            for item in page:
                for loser in merged_ids(item):
                    yield kind, {"id": loser, "archived": True, "_": {"merged_into": item["id"]}}

    def _modified_products(self, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        """Yield the products that changed. A price list of one page is looked through: it spares one of few searches.

        An account may search five times a second; six kinds would wait a second for the last.
        """
        asked = {"limit": PAGE, "properties": ",".join(self._asked("products"))}
        reply = self.get(f"/crm/objects/{V}/products", **asked)
        if reply.get("paging"):
            yield from self._modified("products", since)
        else:
            yield from (("products", item) for item in reply["results"] if _changed(item, since))

    def _found(self, kind: str, modified: str, low: int, *more: Item) -> Iterator[list[Item]]:
        """Yield pages of what has a date from `low` (ms) on, and passes the filters `more`; each record once.

        Each page is asked for by the last date seen, never by an offset: offsets end at 10,000, and skip records when
        one that was read moves to the end. Where a whole page shares one instant, that instant is paged by id.
        """
        seen: set[tuple[str, str]] = set()  # (id, date) of what was read of the instant `low`
        while True:
            reply = self._search(kind, modified, [where(modified, "GTE", low), *more])
            page = [(i, (i["id"], i["properties"][modified])) for i in reply["results"]]
            if fresh := [item for item, mark in page if mark not in seen]:
                yield fresh
            if not page or reply["total"] <= len(page):
                return
            last = page[-1][1][1]
            top, read = self._ms(last), {mark for _, mark in page if mark[1] == last}
            if top == low:
                yield from self._of_instant(kind, modified, low, seen | read, *more)
                low, seen = low + 1, set()
            else:
                low, seen = top, read

    def _of_instant(
        self, kind: str, modified: str, at: int, seen: set[tuple[str, str]], *more: Item
    ) -> Iterator[list[Item]]:
        last = "0"
        while True:
            filters = [where(modified, "EQ", at), where("hs_object_id", "GT", last), *more]
            page = self._search(kind, "hs_object_id", filters)["results"]
            fresh = [i for i in page if (i["id"], i["properties"][modified]) not in seen]
            if fresh:
                yield fresh
            if len(page) < FOUND:
                return
            last = page[-1]["id"]

    def _ms(self, text: str) -> int:
        found = self.instant(text)
        assert found is not None
        return round(found.timestamp() * 1000)

    def _lines_of_new_deals(self, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        """Yield, once a day, the lines of deals just won: moving a line to a deal need not move any modified date."""
        days = int(self.chosen["reread_won_days"] or 0)
        if not days or since.astimezone(self.zone).date() == self.now().astimezone(self.zone).date():
            return
        low = int((since - dt.timedelta(days=days)).timestamp() * 1000)
        won = self._found("deals", "closedate", low, where("hs_is_closed_won", "EQ", "true"))
        deals = [item["id"] for page in won for item in page]
        links = self._links_of("deals", "line_items", deals) if deals else {}
        lines = list(dict.fromkeys(str(r["toObjectId"]) for rows in links.values() for r in rows))
        for chunk in chunks(lines, PAGE):
            yield from (
                ("line_items", item) for item in self._linked("line_items", list(self._by_ids("line_items", chunk)))
            )

    def _owners(self, since: dt.datetime | None) -> Iterator[tuple[str, Item]]:
        for archived in ("false", "true"):
            for reply in self.pages(f"/crm/owners/{V}", {"limit": PAGE, "archived": archived}, after):
                yield from (("owners", o) for o in reply["results"] if since is None or _changed(o, since))


def _changed(item: Item, since: dt.datetime, field: str = "updatedAt") -> bool:
    at = item.get(field)
    return at is None or dt.datetime.fromisoformat(at) >= since
