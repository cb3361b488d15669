"""Tasks and notes, on deals and customers."""

from urllib.parse import quote

from extract.model import NoteDraft, TaskDraft, Written
from extract.values import plain
from extract.vendor import Refused
from extract.vendors.hubspot.account import V
from extract.vendors.hubspot.objects import PAGE, Objects, after, chunks
from extract.vendors.hubspot.properties import party_key, written

FOLDER = "cuadra"  # where attachments lie among the account's files
LINKED_TO = {"tasks": {"deals": 216, "contacts": 204, "companies": 192},
             "notes": {"deals": 214, "contacts": 202, "companies": 190}}  # fmt: skip


class Engagements(Objects):
    """What is written beside records. Our key stands in the text: HubSpot has no idempotency header."""

    def find_task(self, draft: TaskDraft) -> Written | None:
        """Return the task with our key, looked for among those of its deal or customer."""
        return self._find_engagement("tasks", "hs_task_body", draft)

    def create_task(self, draft: TaskDraft) -> Written:
        """Make a task for a salesperson, on its deal and customer."""
        properties = {
            "hs_timestamp": plain(draft.due_at),
            "hs_task_subject": draft.subject,
            "hs_task_body": _marked(draft.body, draft.key),
            "hs_task_status": "NOT_STARTED",
            "hs_task_priority": "HIGH",
            "hs_task_type": "TODO",
        }
        return self._create_engagement("tasks", properties, draft)

    def find_note(self, draft: NoteDraft) -> Written | None:
        """Return the note with our key, looked for among those of its deal or customer."""
        return self._find_engagement("notes", "hs_note_body", draft)

    def create_note(self, draft: NoteDraft) -> Written:
        """Make a note on a deal or customer, its file uploaded first (private)."""
        properties = {"hs_timestamp": plain(draft.at), "hs_note_body": _marked(draft.body, draft.key)}
        if draft.file is not None:
            properties["hs_attachment_ids"] = self._uploaded(draft.file_name or "attachment", draft.file)
        return self._create_engagement("notes", properties, draft)

    def _uploaded(self, name: str, content: bytes) -> str:
        """Upload a private file and return its id; one of that name and size, uploaded before we died, is the same."""
        try:
            there = self.read("GET", f"/files/{V}/files/stat/{FOLDER}/{quote(name)}")
        except Refused as error:
            if error.status != 404:
                raise
        else:
            if there.get("size") == len(content):
                return str(there["id"])
        file = self.write(
            "POST",
            f"/files/{V}/files",
            data={"options": '{"access":"PRIVATE"}', "folderPath": f"/{FOLDER}", "fileName": name},
            files={"file": (name, content)},
        )
        return str(file["id"])

    def _create_engagement(self, kind: str, properties: dict[str, str], draft: TaskDraft | NoteDraft) -> Written:
        if draft.owner_id:
            properties["hubspot_owner_id"] = draft.owner_id
        links = [
            {"to": {"id": key},
             "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINKED_TO[kind][to]}]}
            for to, key in _about(draft)
        ]  # fmt: skip
        made = {"properties": properties, "associations": links}
        return written(kind, self.write("POST", f"/crm/objects/{V}/{kind}", json=made))

    def _find_engagement(self, kind: str, body: str, draft: TaskDraft | NoteDraft) -> Written | None:
        for to, key in _about(draft):
            path = f"/crm/objects/{V}/{to}/{key}/associations/{kind}"
            ids = [str(r["toObjectId"]) for page in self.pages(path, {"limit": 500}, after) for r in page["results"]]
            for chunk in chunks(ids, PAGE):
                asked = {"inputs": [{"id": i} for i in chunk], "properties": [body]}
                reply = self.read("POST", f"/crm/objects/{V}/{kind}/batch/read", json=asked)
                for item in reply["results"]:
                    if _mark(draft.key) in (item["properties"].get(body) or ""):
                        return written(kind, item)
        return None


def _about(draft: TaskDraft | NoteDraft) -> list[tuple[str, str]]:
    deals = dict.fromkeys([draft.deal_id, *getattr(draft, "deal_ids", ())])
    found = [("deals", id) for id in deals if id]
    return found + ([party_key(draft.customer_id)] if draft.customer_id else [])


def _mark(key: str) -> str:
    return f"[cuadra {key}]"


def _marked(body: str, key: str) -> str:
    """Return a text with our key at its end: HubSpot has no idempotency header, so the record itself tells."""
    return f"{body}<br>{_mark(key)}"
