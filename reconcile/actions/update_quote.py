"""Note on a quote which quote of the other system is the same; its content stays as it is."""

from typing import Any

from reconcile.action import Action, Answer, Change, Plan, Sentence, Subject
from reconcile.facts import Record


class UpdateQuote(Action):
    """Writing the same twice changes nothing; what is so already is not written."""

    title = "Note the quote's id"
    repeats = True

    def plan(self, quote: Record, created: str) -> Plan:
        """Return the plan that notes the id of the quote which the earlier plan of key `created` makes."""
        return Plan(
            key=f"update_quote:{quote['vendor']}:{quote['id']}:other_quote_id", chain="", action="update_quote",
            vendor=quote["vendor"], takes={"other_quote_id": (created, "id")},
            subject=Subject(table="quotes", vendor=quote["vendor"], id=quote["id"]),
            says=Sentence(text="Note on the quote in {vendor} which one it is in the other system.",
                          values={"vendor": quote["vendor"]}),
            preview=(Change(field="other_quote_id", before=quote["other_quote_id"], after="…"),),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the quote if it says so already."""
        is_so = vendor.quote(plan.subject.id)["other_quote_id"] == plan.data["other_quote_id"]
        return Answer(data={"id": plan.subject.id}) if is_so else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write it."""
        noted = {"other_quote_id": plan.data["other_quote_id"]}
        vendor.update_quote(plan.subject.id, noted)
        return Answer(data={"id": plan.subject.id}, after=noted)
