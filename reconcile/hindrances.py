"""What in a vendor's account stands in the way of a plan, asked there: for the preview, and before a chain begins."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from extract.vendor import Hindrance, Vendor, VendorError, registry
from reconcile.action import Caution, Change, Need, Plan, Sentence
from reconcile.connections import connections
from reconcile.settings import Settings

NOT_ASKED = "not_asked"  # of the caution: an account could not be asked
NAME = "account"  # of the need: it is mended in the vendor's account, not typed in


def hindered(data: Path, settings: Settings, plans: Sequence[Plan]) -> list[Plan]:
    """Return the plans, with a need for each thing in an account that would make one fail. Nothing is written.

    Only the accounts of vendors that know of such things are asked; one that cannot be is a caution.
    """
    if not any(_asks(plan, settings) for plan in plans):
        return list(plans)
    vendors = connections(data)
    with ExitStack() as stack:
        for name in {plan.vendor for plan in plans} & vendors.keys():
            stack.enter_context(vendors[name].remembering())
        return [_told(plan, vendors.get(plan.vendor)) if _asks(plan, settings) else plan for plan in plans]


def in_the_way(plans: Sequence[Plan], vendor_of: Callable[[str], Any]) -> str | None:
    """Return what stands in the way of any of these plans, so that none is begun; None where nothing does.

    VendorError where an account cannot be asked.
    """
    for plan in plans:
        vendor = vendor_of(plan.vendor)
        if plan.draft is not None and isinstance(vendor, Vendor):
            for one in vendor.hindrances(plan.draft):
                if one.stops:
                    return f"{plan.vendor}: {_said(plan, vendor, one)}"
    return None


def _asks(plan: Plan, settings: Settings) -> bool:
    said = settings.connections.get(plan.vendor)
    kind = registry().get(said.vendor) if said else None
    return plan.draft is not None and kind is not None and kind.hindrances is not Vendor.hindrances


def _told(plan: Plan, vendor: Vendor | None) -> Plan:
    if vendor is None:  # not connected: the page says so for all its plans at once
        return plan
    plan = plan.model_copy(update={"preview": _written(plan, vendor)})
    try:
        found = vendor.hindrances(plan.draft)
        needs = [_need(plan, vendor, one) for one in found if one.stops]
        known = [Caution(code=one.code, says=_said(plan, vendor, one)) for one in found if not one.stops]
        plan = plan.model_copy(update={"cautions": (*plan.cautions, *known)})
        if any(need.says.text == vendor.obstacles.get("tax_code") for need in needs):
            cautions = tuple(
                caution for caution in plan.cautions if caution.code != "tax_new"
            )  # it cannot be made there
            plan = plan.model_copy(update={"cautions": cautions})
        return plan.model_copy(update={"needs": (*plan.needs, *needs)})
    except VendorError as error:
        says = Sentence(text="{vendor} could not be asked whether anything stands in the way: {error}",
                        values={"vendor": plan.vendor, "error": str(error)})  # fmt: skip
        return plan.model_copy(update={"cautions": (*plan.cautions, Caution(code=NOT_ASKED, says=says))})


def _written(plan: Plan, vendor: Vendor) -> tuple[Change, ...]:
    """Return the preview with what a vendor writes beyond the draft, without what it has no place for."""
    besides = vendor.besides(plan.draft)
    kept = tuple(change for change in plan.preview if change.field not in besides)
    return kept + tuple(Change(field=name, after=value) for name, value in besides.items() if value)


def _need(plan: Plan, vendor: Vendor, found: Hindrance) -> Need:
    return Need(name=NAME, says=_said(plan, vendor, found))


def _said(plan: Plan, vendor: Vendor, found: Hindrance) -> Sentence:
    """Return what stands in the way, in the words of its vendor."""
    return Sentence(text=vendor.obstacles[found.code], values={"vendor": plan.vendor, **found.values})
