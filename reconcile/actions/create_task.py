"""Put one task for a salesperson into the CRM, with what it is about."""

import datetime as dt
from typing import Any

from extract.model import TaskDraft
from reconcile.action import Action, Answer, Change, Plan, Sentence, Subject


class CreateTask(Action):
    """One task per wish: the key goes into the task's text, where `find` sees it."""

    title = "Create a task in the CRM"
    settles = 20.0  # a CRM without idempotency keys may still be at work when the line breaks

    def plan(
        self, subject: Subject, crm: str, key: str, words: str, body: str, due_at: dt.datetime,
        owner_id: str | None = None, deal_id: str | None = None, customer_id: str | None = None, owner: str = "",
    ) -> Plan:  # fmt: skip
        """Return the plan of one task. `key` names the occasion, e.g. `overdue:stripe:in_1:2`; `owner` whose it is."""
        draft = TaskDraft(key=f"create_task:{crm}:{key}", subject=words, body=body, due_at=due_at,
                          owner_id=owner_id, deal_id=deal_id, customer_id=customer_id)  # fmt: skip
        shown = {"subject": words, "body": body, "due_on": str(due_at.date()), "owner_id": owner or owner_id or ""}
        return Plan(
            key=draft.key, chain=draft.key, action="create_task", vendor=crm, subject=subject, draft=draft,
            says=Sentence(text="Create the task “{subject}”.", values={"subject": words}),
            preview=tuple(Change(field=name, after=value) for name, value in shown.items() if value),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the task with our key."""
        found = vendor.find_task(plan.draft)
        return Answer(data=written(found)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it."""
        return Answer(data=written(vendor.create_task(plan.draft)), after={c.field: c.after for c in plan.preview})


def written(said: Any) -> dict[str, Any]:
    """Return what a vendor answered, as plain data without what it left out."""
    return said if isinstance(said, dict) else said.model_dump(mode="json", exclude_none=True)
