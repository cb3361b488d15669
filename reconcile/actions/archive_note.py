"""Put the PDF of an issued document into the CRM, as a note with the file on its deal and customer, once."""

import datetime as dt
from html import escape
from typing import Any

from extract.model import NoteDraft
from reconcile.action import Action, Answer, Change, Plan, Sentence, Subject
from reconcile.actions.archive_file import checksum
from reconcile.archive import kept
from reconcile.archive.words import Said
from reconcile.facts import Record
from reconcile.state import State


class ArchiveNote(Action):
    """The file goes up first; a break between file and note leaves a file that no record shows, never two notes."""

    title = "Put the PDF into the CRM"
    settles = 20.0  # a CRM without idempotency keys may still be at work when the line breaks

    def plan(self, document: Record, crm: str, said: Said) -> Plan:
        """Return the plan for a document that has a deal or a customer in `crm`."""
        key = f"archive_note:{crm}:{document['vendor']}:{document['id']}"
        draft = NoteDraft(
            key=key, body=escape(said.text), at=dt.datetime.combine(document["issued_on"], dt.time(12), dt.UTC),
            deal_id=document["deal_id"], customer_id=document["crm_customer_id"], file_name=said.file,
        )  # fmt: skip
        return Plan(
            key=key, chain=key, action="archive_note", vendor=crm, draft=draft,
            subject=Subject(table="invoices", vendor=document["vendor"], id=document["id"]),
            says=Sentence(text="Put {file} of {customer} into {crm}.",
                          values={"file": said.file, "customer": document["customer"] or "", "crm": crm}),
            preview=(Change(field="text", after=said.text), Change(field="attached", after=said.file)),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the note with our key."""
        found = vendor.to.find_note(plan.draft)
        return _answer(found.id, vendor.pdf()) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Upload the file and make the note."""
        content = vendor.pdf()
        assert isinstance(plan.draft, NoteDraft)
        made = vendor.to.create_note(plan.draft.model_copy(update={"file": content}))
        return _answer(made.id, content).model_copy(update={"after": {"attached": plan.draft.file_name}})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember the note."""
        kept.stored(store, plan.subject.vendor, plan.subject.id, "crm", answer.data["id"],
                    answer.data["checksum"], answer.data["size"])  # fmt: skip


def _answer(id: str, content: bytes) -> Answer:
    return Answer(data={"id": id, "checksum": checksum(content), "size": len(content)})
