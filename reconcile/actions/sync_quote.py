"""Give a quote in one system the state or last day that the other says, as far as the settings let that one decide."""

from reconcile.action import Plan
from reconcile.records import Synced


class SyncQuote(Synced):
    """Accepting a quote in billing drafts its invoice there: of all ways to invoice a deal next, only one is taken."""

    title = "Keep the quote equal"
    table = "quotes"
    action = "sync_quote"

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return which invoice of its deal accepting makes, the mark that making it from the deal has."""
        return (plan.data["follows"],) if plan.data.get("follows") else ()
