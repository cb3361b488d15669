"""Mark a product inactive, or delete it, where the other system has deleted it and the settings say so."""

from reconcile.records import Retired


class RetireProduct(Retired):
    """The vendor is asked first: what is so already is not done again."""

    title = "Retire the product"
    table = "products"
    action = "retire_product"
