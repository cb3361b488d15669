"""Write one note into the CRM's timeline, on its deals and its customer, once."""

from html import unescape
from typing import Any

from extract.model import NoteDraft
from reconcile.action import Action, Answer, Change, Plan, Sentence, Subject
from reconcile.actions.create_task import written


class CreateNote(Action):
    """The key goes into the note's text, where `find` sees it; what it is about has one note, whoever wishes it."""

    title = "Write a note in the CRM"
    settles = 20.0  # a CRM without idempotency keys may still be at work when the line breaks

    def plan(self, subject: Subject, crm: str, draft: NoteDraft) -> Plan:
        """Return the plan of a note about a record."""
        shown = unescape(draft.body).replace("<br>", "\n")
        return Plan(
            key=draft.key, chain=draft.key, action="create_note", vendor=crm, subject=subject, draft=draft,
            says=Sentence(text="A note in the timeline, {day}.", values={"day": str(draft.at.date())}),
            preview=(Change(field="text", after=shown),),
        )  # fmt: skip

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return the note itself, so that what was written is known without asking the CRM."""
        return (f"note:{plan.vendor}:{plan.subject}",)

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the note with our key."""
        found = vendor.find_note(plan.draft)
        return Answer(data=written(found)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write it."""
        return Answer(data=written(vendor.create_note(plan.draft)), after={"text": plan.preview[0].after})
