"""Give a customer in one system what the other says, as far as the settings let that one decide."""

from reconcile.records import Synced


class SyncCustomer(Synced):
    """Issued invoices keep what is printed on them."""

    title = "Keep the customer equal"
    table = "customers"
    action = "sync_customer"
