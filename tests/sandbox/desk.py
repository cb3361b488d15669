"""The day, the keys and the deal that the sandbox's tests use."""

from datetime import date

from extract.sandbox.server import Running

TODAY = date(2026, 11, 20)
HUBSPOT, STRIPE = {"authorization": "Bearer pat-eu1-sandbox"}, {"authorization": "Bearer sk_test_sandbox"}


def won_deal(box: Running) -> str:
    """A deal of the sample that has lines and is won."""
    return next(d.id for d in box.company.deals if d.status == "won" and len(d.lines) > 1 and not d.archived)
