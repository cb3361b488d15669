"""Mark a customer inactive, or delete it, where the other system has deleted it and the settings say so."""

from reconcile.records import Retired


class RetireCustomer(Retired):
    """The vendor is asked first: what is so already is not done again."""

    title = "Retire the customer"
    table = "customers"
    action = "retire_customer"
