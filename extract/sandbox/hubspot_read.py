"""HubSpot's reading calls: lists, one record, search, batches, associations, owners, pipelines, properties, account."""

from collections.abc import Iterable
from typing import Any

from extract.sandbox.hubspot_books import TYPES, HubSpotBooks, iso
from extract.sandbox.hubspot_errors import invalid, not_found
from extract.sandbox.hubspot_search import checked, matches, ordered
from extract.sandbox.wire import Call, Clock, Refused, Reply, Settings

ALIASES = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-7": "products", "0-8": "line_items",
           "0-14": "quotes",
           "0-27": "tasks", "0-46": "notes", "0-53": "invoices", "deal": "deals", "company": "companies",
           "contact": "contacts",
           "line_item": "line_items", "line items": "line_items", "product": "products", "quote": "quotes",
           "task": "tasks",
           "note": "notes", "invoice": "invoices", "0-123": "orders", "order": "orders"}  # fmt: skip
SINGULAR = {"deals": "deal", "companies": "company", "contacts": "contact", "line_items": "line_item",
            "products": "product",
            "quotes": "quote", "tasks": "task", "notes": "note", "invoices": "invoice", "orders": "order"}  # fmt: skip
DEFAULT_PROPERTIES = {
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"), "companies": ("domain", "name"),
    "contacts": ("email", "firstname", "lastname"), "line_items": ("amount", "quantity"), "products": ("name", "price"),
}  # fmt: skip
PRIMARY = (1, 2, 5, 6)  # the association types that HubSpot labels "Primary"
URL = "https://app.hubspot.com/contacts/145200711/record"
NUMBERS = {"deals": "0-3", "companies": "0-2", "contacts": "0-1", "line_items": "0-8", "products": "0-7",
           "quotes": "0-14",
           "tasks": "0-27", "notes": "0-46", "invoices": "0-53", "orders": "0-123"}  # fmt: skip


class HubSpotReader:
    """Answers from `books`; every method takes a call and returns a reply, or raises `Refused`."""

    def __init__(self, books: HubSpotBooks, clock: Clock, settings: Settings) -> None:
        self.books, self.clock, self.settings = books, clock, settings
        self.base = ""
        self.access_tokens: dict[str, float] = {}  # handed out by the token endpoint, with the instant each ends

    def kind(self, name: str) -> str:
        """Return the object type of a name in a path. Raises `Refused` on an unknown one."""
        kind = ALIASES.get(name.lower(), name.lower())
        if kind not in self.books.objects:
            raise invalid(f"Unable to infer object type from: {name}")
        return kind

    def found(
        self, kind: str, record_id: str, id_property: str | None = None, archived: bool = False
    ) -> dict[str, Any]:
        """Return a record by id, by the id it was merged from, or by a unique property."""
        rows = self.books.objects[kind]
        row: dict[str, Any] | None
        if id_property and id_property != "hs_object_id":
            definition = self.books.properties[kind].get(id_property)
            if definition is None or not (definition["hasUniqueValue"] or (kind, id_property) == ("contacts", "email")):
                raise invalid(
                    f"Property {id_property} is not a unique identifier property for object type {NUMBERS[kind]}"
                )
            row = next(
                (r for r in rows.values() if not r["archived"] and same(r["properties"].get(id_property), record_id)),
                None,
            )
        else:
            row = rows.get(self.books.merged.get(kind, {}).get(record_id, record_id))
        if row is None or row["archived"] != archived:
            raise not_found()
        return row

    # -- shapes ------------------------------------------------------------------------------------------------

    def shown(
        self, kind: str, row: dict[str, Any], names: Iterable[str], history: Iterable[str] = (),
        associations: Iterable[str] = ()
    ) -> dict[str, Any]:  # fmt: skip
        """Return a record as answered: only the properties asked for, with HubSpot's own dates and id."""
        modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        wanted = list(names) or list(DEFAULT_PROPERTIES.get(kind, ()))
        known = self.books.properties[kind]
        properties = {
            n: row["properties"].get(n) for n in (*wanted, "createdate", modified, "hs_object_id") if n in known
        }
        answer = {"id": row["id"], "properties": properties, "createdAt": row["createdAt"],
                  "updatedAt": row["updatedAt"],
                  "archived": row["archived"], "url": f"{URL}/{NUMBERS[kind]}/{row['id']}"}  # fmt: skip
        if row["archived"]:
            answer["archivedAt"] = row["archivedAt"]
        if names := list(history):
            answer["propertiesWithHistory"] = {n: self._history(row, n) for n in names if n in known}
        links = {self._label(other): self._links(kind, row["id"], self.kind(other)) for other in associations}
        if any(links.values()):
            answer["associations"] = {name: {"results": entries} for name, entries in links.items() if entries}
        return answer

    def _history(self, row: dict[str, Any], name: str) -> list[dict[str, Any]]:
        value = row["properties"].get(name)
        if entries := row["history"].get(name):
            return list(entries)
        return [] if value is None else [{"value": value, "timestamp": row["createdAt"], "sourceType": "CRM_UI"}]

    def _label(self, other: str) -> str:
        kind = self.kind(other)
        return "line items" if kind == "line_items" else kind

    def _links(self, kind: str, record_id: str, other: str) -> list[dict[str, str]]:
        name = f"{SINGULAR[kind]}_to_{SINGULAR[other]}"
        entries = []
        for target, types in self.books.links[kind].get(record_id, {}).get(other, {}).items():
            entries.append({"id": target, "type": name})
            if len(types) > 1:  # the primary one is listed twice
                entries.append({"id": target, "type": f"{name}_unlabeled"})
        return entries

    def link_rows(self, kind: str, record_id: str, other: str) -> list[dict[str, Any]]:
        """Return the associations of a record in the v4 shape."""
        rows = []
        for target, types in self.books.links[kind].get(record_id, {}).get(other, {}).items():
            named = [
                {"category": "HUBSPOT_DEFINED", "typeId": t, "label": "Primary" if t in PRIMARY else None}
                for t in types
            ]
            rows.append({"toObjectId": int(target), "associationTypes": named})
        return rows

    # -- calls -------------------------------------------------------------------------------------------------

    def listing(self, call: Call) -> Reply:
        """`GET /crm/objects/{V}/{type}`."""
        kind = self.kind(call.path["type"])
        history = named(call, "propertiesWithHistory")
        limit, most = whole(call, "limit", 10), 50 if history else 100
        if not 1 <= limit <= most:
            raise invalid(f"limit must be between 1 and {most}, but was {limit}")
        after = call.query.get("after") or "0"
        if not after.isdigit():
            raise invalid(f"after must be a cursor of an earlier page, but was {after}")
        archived = is_asked(call, "archived")
        rows = sorted(
            (r for r in self.books.objects[kind].values() if r["archived"] == archived), key=lambda r: int(r["id"])
        )
        rows = [r for r in rows if int(r["id"]) >= int(after)]
        page = rows[:limit]
        answer: dict[str, Any] = {
            "results": [
                self.shown(kind, r, named(call, "properties"), history, named(call, "associations")) for r in page
            ]
        }
        if len(rows) > limit:
            cursor = rows[limit]["id"]
            link = f"https://api.hubapi.com{call.url}?after={cursor}&limit={limit}"
            answer["paging"] = {"next": {"after": cursor, "link": link}}
        return Reply(200, answer)

    def get(self, call: Call) -> Reply:
        """`GET /crm/objects/{V}/{type}/{id}`."""
        kind = self.kind(call.path["type"])
        archived = is_asked(call, "archived")
        row = self.found(kind, call.path["id"], call.query.get("idProperty"), archived)
        history = named(call, "propertiesWithHistory")
        return Reply(200, self.shown(kind, row, named(call, "properties"), history, named(call, "associations")))

    def search(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}/search`."""
        kind, request = self.kind(call.path["type"]), call.json()
        definitions = self.books.properties[kind]
        limit, after = checked(request, len(call.body), definitions)
        kinds = {name: p["type"] for name, p in definitions.items()}
        seen = [
            v
            for r in self.books.objects[kind].values()
            if (v := self._indexed(r)) and matches(v["properties"], request, kinds)
        ]
        rows = ordered(seen, request, kinds)
        names = request.get("properties") or []
        answer: dict[str, Any] = {
            "total": len(rows),
            "results": [self.shown(kind, r, names) for r in rows[after : after + limit]],
        }
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Reply(200, answer)

    def _indexed(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return the record as the search index knows it by now: None when it does not, or when it is archived."""
        written = row.get("written", 0)
        if (
            self.settings.hubspot_search_lag_s
            and "before" in row  # written before there was a lag: the index has it
            and self.clock.now().timestamp() - written < self.settings.hubspot_search_lag_s
        ):
            return row["before"] or None
        return None if row["archived"] else row

    def batch_read(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}/batch/read`: 207 names the ids that were not found."""
        kind, request = self.kind(call.path["type"]), call.json()
        inputs = request.get("inputs") or []
        if len(inputs) > 100:
            raise invalid(f"No more than 100 inputs may be given, but {len(inputs)} were")
        archived = is_asked(call, "archived")
        results, missing = [], []
        for item in inputs:
            try:
                row = self.found(kind, str(item["id"]), request.get("idProperty"), archived)
            except Refused:
                missing.append(str(item["id"]))
            else:
                history = request.get("propertiesWithHistory") or ()
                results.append(self.shown(kind, row, request.get("properties") or (), history))
        return self.batch(results, missing)

    def batch(
        self, results: list[Any], missing: list[str], status: int = 200, errors: list[Any] | None = None
    ) -> Reply:
        """Return a batch answer; with errors it is a 207."""
        stamp = iso(self.clock.now())
        answer: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": stamp, "completedAt": stamp}
        errors = list(errors or [])
        if missing:
            text = f"Could not get some objects, they may be deleted or not exist. Check that ids are valid: {missing}"
            errors.append(
                {"status": "error", "category": "OBJECT_NOT_FOUND", "message": text, "context": {"ids": missing}}
            )
        if errors:
            answer |= {"numErrors": len(errors), "errors": errors}
        return Reply(207 if errors else status, answer)

    def links(self, call: Call) -> Reply:
        """`GET /crm/objects/{V}/{type}/{id}/associations/{to}`."""
        kind, other = self.kind(call.path["type"]), self.kind(call.path["to"])
        row = self.found(kind, call.path["id"])
        rows, limit, after = (
            self.link_rows(kind, row["id"], other),
            whole(call, "limit", 500),
            int(call.query.get("after") or 0),
        )
        answer: dict[str, Any] = {"results": rows[after : after + limit]}
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Reply(200, answer)

    def links_batch(self, call: Call) -> Reply:
        """`POST /crm/associations/{V}/{from}/{to}/batch/read`."""
        kind, other = self.kind(call.path["type"]), self.kind(call.path["to"])
        inputs = call.json().get("inputs") or []
        if len(inputs) > 1000:
            raise invalid(f"No more than 1000 inputs may be given, but {len(inputs)} were")
        linked: dict[str, list[dict[str, Any]]] = {}
        errors = []
        for item in inputs:
            if rows := self.link_rows(kind, str(item["id"]), other):
                linked[str(item["id"])] = rows
            else:
                text = f"No {SINGULAR[other]} is associated with {SINGULAR[kind]} {item['id']}."
                errors.append({"status": "error", "category": "OBJECT_NOT_FOUND",
                               "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                               "message": text, "context": {"fromObjectId": [str(item["id"])]}})  # fmt: skip
        results = [{"from": {"id": record_id}, "to": rows} for record_id, rows in linked.items()]
        reply = self.batch(results, [], 200, errors)
        if "v3" in call.url.split("/"):  # the older shape, without types
            name = f"{SINGULAR[kind]}_to_{SINGULAR[other]}"
            old = []
            for item, rows in linked.items():
                old.append({"from": {"id": item}, "to": [{"id": str(r["toObjectId"]), "type": name} for r in rows]})
            reply.body["results"] = old
        return reply

    def labels(self, call: Call) -> Reply:
        """`GET /crm/associations/{V}/{from}/{to}/labels`."""
        pair = self.kind(call.path["type"]), self.kind(call.path["to"])
        rows = [
            {"category": "HUBSPOT_DEFINED", "typeId": t, "label": "Primary" if t in PRIMARY else None}
            for t in TYPES.get(pair, ())
        ]
        return Reply(200, {"results": rows})

    def owners(self, call: Call) -> Reply:
        """`GET /crm/owners/{V}`."""
        archived, email = is_asked(call, "archived"), call.query.get("email")
        rows = [o for o in self.books.owners if o["archived"] == archived and (not email or o["email"] == email)]
        limit, after = whole(call, "limit", 100), int(call.query.get("after") or 0)
        answer: dict[str, Any] = {"results": rows[after : after + limit]}
        if after + limit < len(rows):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Reply(200, answer)

    def owner(self, call: Call) -> Reply:
        """`GET /crm/owners/{V}/{id}`."""
        key = "userId" if call.query.get("idProperty") == "userId" else "id"
        archived = is_asked(call, "archived")
        for row in self.books.owners:
            if str(row.get(key)) == call.path["id"] and row["archived"] == archived:
                return Reply(200, row)
        raise not_found()

    def pipelines(self, call: Call) -> Reply:
        """`GET /crm/pipelines/{V}/{type}`."""
        return Reply(200, {"results": self.books.pipelines.get(self.kind(call.path["type"]), [])})

    def properties(self, call: Call) -> Reply:
        """`GET /crm/properties/{V}/{type}`."""
        rows = list(self.books.properties[self.kind(call.path["type"])].values())
        return Reply(200, {"results": [] if is_asked(call, "archived") else rows})

    def one_property(self, call: Call) -> Reply:
        """`GET /crm/properties/{V}/{type}/{name}`."""
        row = self.books.properties[self.kind(call.path["type"])].get(call.path["name"])
        if row is None:
            raise not_found(f"Property {call.path['name']} does not exist")
        return Reply(200, row)

    def property_groups(self, call: Call) -> Reply:
        """`GET /crm/properties/{V}/{type}/groups`."""
        return Reply(200, {"results": list(self.books.groups[self.kind(call.path["type"])].values())})

    def account(self, _call: Call) -> Reply:
        """`GET /account-info/{V}/details`: a test account, so the product may write to it."""
        details = {
            "portalId": 145200711, "accountType": "DEVELOPER_TEST", "timeZone": "Europe/Madrid",
            "companyCurrency": "EUR",
            "additionalCurrencies": ["PLN", "MXN", "USD", "GBP"], "utcOffset": "+01:00",
            "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1",
        }  # fmt: skip
        return Reply(200, details)


def named(call: Call, name: str) -> tuple[str, ...]:
    """Return the values of a query parameter given repeatedly or with commas."""
    return tuple(v.strip() for part in call.query.getlist(name) for v in part.split(",") if v.strip())


def is_asked(call: Call, name: str) -> bool:
    """Return whether a flag of the query is set; the vendor's Python client writes `True`."""
    return call.query.get(name, "").lower() == "true"


def whole(call: Call, name: str, default: int) -> int:
    """Return a whole number of the query. Raises `Refused`."""
    text = call.query.get(name) or str(default)
    if not text.lstrip("-").isdigit():
        raise invalid(f"{name} must be a whole number, but was {text}")
    return int(text)


def same(one: str | None, other: str) -> bool:
    """Return whether two identifying values are the same but for case."""
    return one is not None and one.casefold() == other.casefold()
