"""Give a product in one system what the other says, as far as the settings let that one decide."""

from reconcile.records import Synced


class SyncProduct(Synced):
    """Issued invoices keep what is printed on them."""

    title = "Keep the product equal"
    table = "products"
    action = "sync_product"
