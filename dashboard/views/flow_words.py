"""What the flows and how far they go are called."""

from dashboard.words import _


def titles() -> dict[str, tuple[str, str]]:
    """Return what the flows are called and what they do, by name."""
    return {
        "deal_to_invoice": (_("Deal won → invoice"), _("Customer, draft, then issued and sent as far as the settings "
                            "go; the deal is told the number.")),
        "payment_to_crm": (_("Payment → CRM"), _("The deal says paid, when and how much; billing closes it.")),
        "overdue_to_reminder": (_("Overdue → reminder"), _("One mail per customer at each level, a task for the "
                                "salesperson, finance told of what is very late.")),
        "customer_data": (_("Customer data"), _("Name, tax id, address and contact data are brought to the side that "
                          "does not decide them; who does is said on Fields.")),
        "product_data": (_("Product data"), _("Name, SKU and price of a product are brought to the other side.")),
        "quote_data": (_("Quotes"), _("Published quotes are made on the other side, with customer, products and "
                       "amounts; what becomes of them goes across.")),
    }  # fmt: skip


def modes() -> dict[str, str]:
    """Return what the modes are called."""
    return {"off": _("Off"), "suggest": _("Suggest"), "automatic": _("Automatic")}
