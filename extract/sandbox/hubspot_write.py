"""HubSpot's writing calls: records one by one and in batches, associations, properties, files, tokens."""

import secrets
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from extract.sandbox.hubspot_books import TYPES, iso, record
from extract.sandbox.hubspot_errors import invalid, invalid_properties, not_found, refused
from extract.sandbox.hubspot_read import HubSpotReader, same
from extract.sandbox.hubspot_schema import property_definition
from extract.sandbox.hubspot_values import accepted
from extract.sandbox.multipart import parts
from extract.sandbox.wire import Call, Refused, Reply

KINDS_OF_VALUE = {
    "string": ("text", "textarea", "html", "phonenumber", "file"), "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",), "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
    "bool": ("booleancheckbox",),
    "phone_number": ("phonenumber",),
}  # fmt: skip
MOST_IN_BATCH = 100


class HubSpotWriter(HubSpotReader):
    """Reads and writes; a write moves the record's modified date and is seen by search after the index's lag."""

    # -- records -----------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}`."""
        kind, request = self.kind(call.path["type"]), call.json()
        row = self._create(kind, request)
        return Reply(201, self.shown(kind, row, list(request.get("properties") or {})))

    def _create(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        values, problems = accepted(request.get("properties") or {}, self.books.properties[kind], kind, True)
        if problems:
            raise invalid_properties(problems)
        self._unique(kind, values, None)
        targets = [self._target(kind, link) for link in request.get("associations") or []]
        self.books.last_id += 7
        now = self.clock.now()
        modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        row = record(str(self.books.last_id), values, now, now, modified)
        row |= {"before": None, "written": now.timestamp()}
        if kind == "line_items":
            self._priced(row, values)
        if kind == "quotes":
            self._drafted(row, values)
        if kind == "deals":
            self._staged(row, {"pipeline": "default", "dealstage": "appointmentscheduled"} | values)
        self.books.objects[kind][row["id"]] = row
        for other, target, types in targets:
            self.books.link(kind, row["id"], other, target, types)
            if (kind, other) == ("line_items", "quotes"):
                self._added_up(target)
        return row

    def made(self, kind: str, values: dict[str, Any]) -> str:
        """Make a record and return its id."""
        return str(self._create(kind, {"properties": values})["id"])

    def _unique(self, kind: str, values: dict[str, str | None], own_id: str | None) -> None:
        known = self.books.properties[kind]
        for name, value in values.items():
            is_email = (kind, name) == ("contacts", "email")
            if not value or not (known[name]["hasUniqueValue"] or is_email):
                continue
            for row in self.books.objects[kind].values():
                if row["id"] != own_id and not row["archived"] and same(row["properties"].get(name), value):
                    if is_email:
                        raise refused(409, "CONFLICT", f"Contact already exists. Existing ID: {row['id']}")
                    text = f"{value} is already the value of {name} of object {row['id']}"
                    raise invalid_properties([(name, "CONFLICTING_UNIQUE_VALUE", text)])

    def _target(self, kind: str, link: dict[str, Any]) -> tuple[str, str, list[int]]:
        target, types = str(link["to"]["id"]), [int(t["associationTypeId"]) for t in link.get("types") or []]
        for (one, other), numbers in TYPES.items():
            if one == kind and any(t in numbers for t in types):
                self.found(other, target)
                return other, target, types
        raise invalid(f"No association of {kind} has type {types}", "INVALID_ASSOCIATION_TYPE")

    def update(self, call: Call) -> Reply:
        """`PATCH /crm/objects/{V}/{type}/{id}`."""
        kind, request = self.kind(call.path["type"]), call.json()
        row = self.found(kind, call.path["id"], call.query.get("idProperty"))
        self.change(kind, row, request.get("properties") or {})
        return Reply(200, self.shown(kind, row, list(request.get("properties") or {})))

    def change(self, kind: str, row: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Set properties of a record. Raises `Refused` and changes nothing if one of them is not accepted."""
        values, problems = accepted(wanted, self.books.properties[kind], kind, False)
        if problems:
            raise invalid_properties(problems)
        self._unique(kind, values, row["id"])
        if kind == "deals":
            self._check_stage(row, values)
        self.touch(kind, row)
        now = iso(self.clock.now())
        for name, value in values.items():
            if row["properties"].get(name) != value and name != "dealstage":
                seen = row["history"].setdefault(name, self._history(row, name))
                seen.insert(
                    0, {"value": value or "", "timestamp": now, "sourceType": "INTEGRATION", "sourceId": "sandbox"}
                )
        stage = values.pop("dealstage", None) if kind == "deals" else None
        row["properties"].update(values)
        if kind == "line_items":
            self._priced(row, values)
        if stage or (kind == "deals" and "pipeline" in values):
            self._staged(row, {k: row["properties"].get(k) for k in ("pipeline", "dealstage", "closedate")} | values
                         | ({"dealstage": stage} if stage else {}))  # fmt: skip

    def _priced(self, row: dict[str, Any], values: dict[str, str | None]) -> None:
        """Work out a line's net amount from quantity, price and discount, unless it was given."""
        own = row["properties"]
        if "amount" in values or not own.get("price"):
            return
        net = Decimal(own["price"]) * Decimal(own.get("quantity") or 1)
        net -= Decimal(own.get("discount") or 0) * Decimal(own.get("quantity") or 1)
        net = net * (100 - Decimal(own.get("hs_discount_percentage") or 0)) / 100
        own["amount"] = str(net.quantize(Decimal("0.01"), ROUND_HALF_UP))

    def _drafted(self, row: dict[str, Any], values: dict[str, str | None]) -> None:
        """Give a new quote its number; one of the newer kind begins as a draft, whatever was asked for."""
        own = row["properties"]
        own["hs_quote_number"] = values.get("hs_quote_number") or self.clock.now().strftime("%Y%m%d-%H%M%S")
        if own.get("hs_template_type") == "CPQ_QUOTE":
            own["hs_status"] = "DRAFT"
        own.setdefault("hs_status", "DRAFT")

    def _added_up(self, quote_id: str) -> None:
        """Set what a quote of the newer kind comes to: the sum of its lines."""
        quote = self.books.objects["quotes"][quote_id]
        if quote["properties"].get("hs_template_type") == "CPQ_QUOTE":
            ids = self.books.links["quotes"][quote_id]["line_items"]
            lines = [self.books.objects["line_items"][i]["properties"] for i in ids]
            quote["properties"]["hs_quote_amount"] = str(sum(Decimal(line.get("amount") or 0) for line in lines))
            self.touch("quotes", quote)

    def touch(self, kind: str, row: dict[str, Any]) -> None:
        """Move a record's modified date to now; searches see the old values until the index has caught up."""
        now = self.clock.now()
        lag = self.settings.hubspot_search_lag_s
        if lag and now.timestamp() - row.get("written", 0) >= lag:
            row["before"] = {k: v for k, v in row.items() if k != "before"} | {"properties": dict(row["properties"])}
        row["written"] = now.timestamp()
        row["updatedAt"] = iso(now)
        row["properties"]["lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"] = iso(now)

    def _stages(self, pipeline: str | None) -> dict[str, dict[str, Any]]:
        for row in self.books.pipelines["deals"]:
            if row["id"] == pipeline:
                return {s["id"]: s for s in row["stages"]}
        return {}

    def _check_stage(self, row: dict[str, Any], values: dict[str, str | None]) -> None:
        pipeline = values.get("pipeline") or row["properties"].get("pipeline")
        stage = values.get("dealstage")
        if stage and stage not in self._stages(pipeline):
            text = f"{stage} was not a stage of pipeline {pipeline}"
            raise invalid_properties([("dealstage", "INVALID_OPTION", text)])

    def _staged(self, row: dict[str, Any], values: dict[str, Any]) -> None:
        """Put a deal into a stage with all that HubSpot sets by itself."""
        stages = self._stages(values["pipeline"])
        stage = stages.get(values["dealstage"])
        if stage is None:
            raise invalid_properties(
                [("dealstage", "INVALID_OPTION", f"{values['dealstage']} was not a stage of its pipeline")]
            )
        now, own = iso(self.clock.now()), row["properties"]
        is_closed, is_won = stage["metadata"]["isClosed"] == "true", float(stage["metadata"]["probability"]) >= 1
        if own.get("dealstage") != stage["id"] or f"hs_v2_date_entered_{stage['id']}" not in own:
            entry = {"value": stage["id"], "timestamp": now, "sourceType": "INTEGRATION", "sourceId": "sandbox"}
            row["history"].setdefault("dealstage", []).insert(0, entry)
            own[f"hs_v2_date_entered_{stage['id']}"] = now
        if is_closed and own.get("hs_is_closed") != "true":
            own["closedate"] = values.get("closedate") if values.get("closedate") != own.get("closedate") else now
        own |= {"pipeline": values["pipeline"], "dealstage": stage["id"], "hs_is_closed": str(is_closed).lower(),
                "hs_is_closed_won": str(is_won).lower()}  # fmt: skip

    def archive(self, call: Call) -> Reply:
        """`DELETE /crm/objects/{V}/{type}/{id}`."""
        kind = self.kind(call.path["type"])
        row = self.books.objects[kind].get(call.path["id"])
        if row and not row["archived"]:
            self.touch(kind, row)
            row |= {"archived": True, "archivedAt": iso(self.clock.now())}
        return Reply(204)

    # -- batches -----------------------------------------------------------------------------------------------

    def _inputs(self, call: Call) -> list[dict[str, Any]]:
        inputs: list[dict[str, Any]] = call.json().get("inputs") or []
        if len(inputs) > MOST_IN_BATCH:
            raise invalid(f"No more than {MOST_IN_BATCH} inputs may be given, but {len(inputs)} were")
        return inputs

    def _each(self, call: Call, status: int, do: Any) -> Reply:
        """Do one thing for each input; what is refused is listed beside what was done (207)."""
        kind, results, errors = self.kind(call.path["type"]), [], []
        for item in self._inputs(call):
            trace = {"objectWriteTraceId": item["objectWriteTraceId"]} if "objectWriteTraceId" in item else {}
            try:
                row, more = do(kind, item)
            except Refused as refusal:
                said = refusal.reply.body
                context = {"ids": [str(item["id"])]} if "id" in item else {}
                context |= {name: [value] for name, value in trace.items()}
                errors.append({"status": "error", "category": said["category"], "message": said["message"],
                               "errors": said.get("errors", []), "context": context})  # fmt: skip
            else:
                results.append(self.shown(kind, row, list(item.get("properties") or {})) | trace | more)
        if errors and not results:
            raise refused(400, errors[0]["category"], errors[0]["message"], errors=errors[0]["errors"])
        return self.batch(results, [], status, errors)

    def batch_create(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}/batch/create`."""
        return self._each(call, 201, lambda kind, item: (self._create(kind, item), {}))

    def batch_update(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}/batch/update`."""

        def update(kind: str, item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
            row = self.found(kind, str(item["id"]), item.get("idProperty"))
            self.change(kind, row, item["properties"])
            return row, {}

        return self._each(call, 200, update)

    def batch_upsert(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}/batch/upsert`: `new` says which were made."""

        def upsert(kind: str, item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
            name = item.get("idProperty") or "hs_object_id"
            try:
                row = self.found(kind, str(item["id"]), name)
            except Refused as refusal:
                if refusal.reply.status != 404 or name == "hs_object_id":
                    raise
                return self._create(kind, {"properties": {name: item["id"]} | item["properties"]}), {"new": True}
            self.change(kind, row, item["properties"])
            return row, {"new": False}

        return self._each(call, 200, upsert)

    def batch_archive(self, call: Call) -> Reply:
        """`POST /crm/objects/{V}/{type}/batch/archive`."""
        for item in self._inputs(call):
            self.archive(Call("DELETE", call.url, call.query, call.headers, b"", call.path | {"id": str(item["id"])}))
        return Reply(204)

    # -- associations ------------------------------------------------------------------------------------------

    def link(self, call: Call) -> Reply:
        """`PUT …/{type}/{id}/associations/{to}/{to_id}` with the types in the body, or `…/associations/default/…`."""
        kind, other = self.kind(call.path["type"]), self.kind(call.path["to"])
        one, two = self.found(kind, call.path["id"]), self.found(other, call.path["to_id"])
        body = call.json() if call.body else []
        types = [int(t["associationTypeId"]) for t in body] if isinstance(body, list) and body else None
        if types and not set(types) <= set(TYPES.get((kind, other), ())):
            raise invalid(f"No association from {kind} to {other} has type {types}", "INVALID_ASSOCIATION_TYPE")
        self.books.link(kind, one["id"], other, two["id"], types)
        labels = self.books.links[kind][one["id"]][other][two["id"]]
        if "default" in call.url.split("/"):
            spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": labels[-1]}
            row = {
                "id": one["id"],
                "properties": {},
                "from": {"id": one["id"]},
                "to": {"id": two["id"]},
                "associationSpec": spec,
            }
            return self.batch([row], [])
        return Reply(200, {"fromObjectTypeId": kind, "fromObjectId": int(one["id"]), "toObjectTypeId": other,
                           "toObjectId": int(two["id"]), "labels": []})  # fmt: skip

    def unlink(self, call: Call) -> Reply:
        """`DELETE …/{type}/{id}/associations/{to}/{to_id}`."""
        kind, other = self.kind(call.path["type"]), self.kind(call.path["to"])
        for a, x, b, y in (
            (kind, call.path["id"], other, call.path["to_id"]),
            (other, call.path["to_id"], kind, call.path["id"]),
        ):
            self.books.links[a].get(x, {}).get(b, {}).pop(y, None)
        return Reply(204)

    def links_create(self, call: Call) -> Reply:
        """`POST /crm/associations/{V}/{from}/{to}/batch/create`."""
        kind, other = self.kind(call.path["type"]), self.kind(call.path["to"])
        results = []
        for item in call.json().get("inputs") or []:
            one, two = self.found(kind, str(item["from"]["id"])), self.found(other, str(item["to"]["id"]))
            types = [int(t["associationTypeId"]) for t in item.get("types") or []] or None
            self.books.link(kind, one["id"], other, two["id"], types)
            results.append({"fromObjectId": int(one["id"]), "toObjectId": int(two["id"]), "labels": []})
        return self.batch(results, [], 201)

    # -- properties --------------------------------------------------------------------------------------------

    def create_property(self, call: Call) -> Reply:
        """`POST /crm/properties/{V}/{type}`: 409 when it exists."""
        return Reply(201, self._create_property(self.kind(call.path["type"]), call.json()))

    def _create_property(self, kind: str, wanted: dict[str, Any]) -> dict[str, Any]:
        for name in ("name", "label", "type", "fieldType", "groupName"):
            if not wanted.get(name):
                raise invalid(f"Invalid input JSON: {name} is required", "REQUIRED_FIELD", propertyName=[name])
        name, kind_of_value = wanted["name"], wanted["type"]
        if name in self.books.properties[kind]:
            text = f"A property named '{name}' already exists."
            raise refused(409, "OBJECT_ALREADY_EXISTS", text, subCategory="Properties.PROPERTY_EXISTS")
        if wanted["fieldType"] not in KINDS_OF_VALUE.get(kind_of_value, ()):
            raise invalid(f"Invalid fieldType {wanted['fieldType']} for type {kind_of_value}", "INVALID_FIELD_TYPE")
        if wanted["groupName"] not in self.books.groups[kind]:
            raise invalid(f"The group {wanted['groupName']} does not exist", "INVALID_GROUP")
        if kind_of_value == "bool" and {o["value"] for o in wanted.get("options") or []} != {"true", "false"}:
            raise invalid("A boolean property needs the options true and false", "INVALID_OPTION")
        now = iso(self.clock.now())
        row = property_definition(
            (name, wanted["label"], f"{kind_of_value}/{wanted['fieldType']}"), wanted["groupName"], now
        )
        row |= {
            k: wanted[k]
            for k in ("description", "displayOrder", "hasUniqueValue", "hidden", "formField")
            if k in wanted
        }
        row["options"] = [{"displayOrder": n, "hidden": False} | o for n, o in enumerate(wanted.get("options") or [])]
        row["hubspotDefined"] = False
        row["modificationMetadata"] = {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False}
        self.books.properties[kind][name] = row
        return row

    def create_properties(self, call: Call) -> Reply:
        """`POST /crm/properties/{V}/{type}/batch/create`."""
        kind = self.kind(call.path["type"])
        return self.batch([self._create_property(kind, item) for item in self._inputs(call)], [], 201)

    def create_group(self, call: Call) -> Reply:
        """`POST /crm/properties/{V}/{type}/groups`: 409 when it exists."""
        kind, wanted = self.kind(call.path["type"]), call.json()
        if not wanted.get("name") or not wanted.get("label"):
            raise invalid("Invalid input JSON: name and label are required", "REQUIRED_FIELD")
        if wanted["name"] in self.books.groups[kind]:
            raise refused(409, "OBJECT_ALREADY_EXISTS", f"A property group named '{wanted['name']}' already exists.")
        row = {
            "name": wanted["name"],
            "label": wanted["label"],
            "displayOrder": wanted.get("displayOrder", -1),
            "archived": False,
        }
        self.books.groups[kind][row["name"]] = row
        return Reply(201, row)

    # -- files and tokens --------------------------------------------------------------------------------------

    def upload(self, call: Call) -> Reply:
        """`POST /files/{V}/files`: multipart with `file`, `options` and a folder."""
        fields = parts(call.headers.get("content-type", ""), call.body)
        if "file" not in fields:
            raise invalid("A file part is required", "REQUIRED_FIELD")
        if not any(name in fields for name in ("folderPath", "folderId")):
            raise invalid("One of folderId and folderPath is required", "REQUIRED_FIELD")
        name, content = fields["file"]
        self.books.last_id += 7
        now, file_id = iso(self.clock.now()), str(self.books.last_id)
        stem, _, extension = (name or "file").rpartition(".")
        folder = fields.get("folderPath", ("", b"/"))[1].decode()
        row = {
            "id": file_id, "createdAt": now, "updatedAt": now, "archived": False, "parentFolderId": "1",
            "name": stem or name,
            "path": f"{folder.rstrip('/')}/{name}", "size": len(content), "type": "DOCUMENT", "extension": extension,
            "url": f"https://145200711.fs1.hubspotusercontent-eu1.net/{name}", "access": "PRIVATE",
            "isUsableInContent": False,
            "encoding": None, "defaultHostingUrl": f"https://145200711.fs1.hubspotusercontent-eu1.net/{name}",
        }  # fmt: skip
        self.books.files[file_id] = row | {"content": content.hex()}
        return Reply(201, {k: v for k, v in row.items() if v is not None})

    def file_at(self, call: Call) -> Reply:
        """`GET /files/{V}/files/stat/{path}`: what is known of the file at a path; of several, the last."""
        wanted = "/" + call.path["path"].lstrip("/")
        found = [row for row in self.books.files.values() if row["path"] == wanted]
        if not found:
            raise not_found()
        return Reply(200, {k: v for k, v in found[-1].items() if v is not None and k != "content"})

    def signed_url(self, call: Call) -> Reply:
        """`GET /files/{V}/files/{id}/signed-url`."""
        row = self.books.files.get(call.path["id"])
        if row is None:
            raise not_found()
        return Reply(200, {"url": f"{self.base}/files/content/{row['id']}", "name": row["name"],
                           "extension": row["extension"],
                           "type": row["type"], "size": row["size"], "expiresAt": iso(self.clock.now())})  # fmt: skip

    def file_content(self, call: Call) -> Reply:
        """`GET /files/content/{id}`: the bytes behind a signed address."""
        row = self.books.files.get(call.path["id"])
        if row is None:
            raise not_found()
        return Reply(200, bytes.fromhex(row["content"]), media="application/octet-stream")

    def token(self, call: Call) -> Reply:
        """`POST /oauth/{V}/token`: code `sandbox-code` or refresh token `sandbox-refresh` get an access token."""
        form = call.form()
        wanted = {"authorization_code": ("code", "sandbox-code"), "refresh_token": ("refresh_token", "sandbox-refresh")}
        name, right = wanted.get(form.get("grant_type", ""), ("grant_type", ""))
        if not right or form.get(name) != right:
            text = "missing or invalid refresh token" if name == "refresh_token" else "missing or unknown auth code"
            raise refused(400, "VALIDATION_ERROR", text, error="invalid_grant")
        access = f"pat-eu1-oauth-{secrets.token_hex(12)}"
        life = self.settings.hubspot_token_life_s
        self.access_tokens[access] = self.clock.now().timestamp() + life
        return Reply(200, {"access_token": access, "refresh_token": "sandbox-refresh", "expires_in": int(life),
                           "token_type": "bearer",
                           "hub_id": 145200711, "scopes": ["crm.objects.deals.read", "crm.objects.deals.write"],
                           "user_id": 5512})  # fmt: skip
