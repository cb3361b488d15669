"""Send the PDF of an issued document to the accounting department, one mail per document, once."""

from typing import Any

from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject
from reconcile.actions.archive_file import checksum
from reconcile.archive import kept
from reconcile.archive.words import Said
from reconcile.facts import Record
from reconcile.mail import NAME, Attached, MailDraft, sender_of
from reconcile.settings import Settings
from reconcile.state import State


class ArchiveMail(Action):
    """One document a mail: inboxes of accounting programs take no more."""

    title = "Send the PDF to accounting"
    looks_first = False  # SMTP cannot be asked; the ledger knows what we sent

    def plan(self, document: Record, said: Said, settings: Settings) -> Plan:
        """Return the plan for a document; a sender that is missing is asked for."""
        key = f"archive_mail:{document['vendor']}:{document['id']}"
        sender, to = sender_of(settings.mail, settings.company.name), settings.archive.accounting
        lacking = Need(name="mail.sender", says=Sentence(text="No sender is set in [mail] of the settings."))
        draft = MailDraft(
            key=key, to=to, subject=said.title, text=said.text + "\n", language=said.language,
            sender=sender,
            attached=(Attached(connection=document["vendor"], invoice_id=document["id"], name=said.file),),
        )  # fmt: skip
        return Plan(
            key=key, chain=key, action="archive_mail", vendor=NAME, draft=draft, needs=() if sender else (lacking,),
            subject=Subject(table="invoices", vendor=document["vendor"], id=document["id"]),
            says=Sentence(text="Send {file} of {customer} to {to}.",
                          values={"file": said.file, "customer": document["customer"] or "", "to": to}),
            preview=(Change(field="to", after=to), Change(field="subject", after=said.title),
                     Change(field="attached", after=said.file)),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the mail if the server says that it took it."""
        return _answer(plan, vendor.pdf()) if vendor.to.find(plan.draft) else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it."""
        content = vendor.pdf()
        vendor.to.send(plan.draft)
        return _answer(plan, content).model_copy(update={"after": {"to": _to(plan)}})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember to whom it went."""
        kept.stored(store, plan.subject.vendor, plan.subject.id, "mail", answer.data["to"],
                    answer.data["checksum"], answer.data["size"])  # fmt: skip


def _to(plan: Plan) -> str:
    assert isinstance(plan.draft, MailDraft)
    return plan.draft.to


def _answer(plan: Plan, content: bytes) -> Answer:
    return Answer(data={"to": _to(plan), "checksum": checksum(content), "size": len(content)})
