"""Which path and method is answered by which call of the two vendors."""

import re
from collections.abc import Callable
from functools import partial

from extract.sandbox.hubspot_write import HubSpotWriter
from extract.sandbox.stripe_quotes import StripeQuotes
from extract.sandbox.stripe_read import LISTS, SEARCHED
from extract.sandbox.wire import Call, Reply

Handler = Callable[[Call], Reply]
Route = tuple[str, re.Pattern[str], Handler]

DATED = r"(?:\d{4}-\d{2}(?:-beta)?|v3|v4)"
OBJECTS = rf"/crm/(?:objects/{DATED}|v3/objects|v4/objects)/(?P<type>[^/]+)"
LINKS = OBJECTS + r"/(?P<id>[^/]+)/associations/(?P<to>[^/]+)"
ASSOCIATIONS = rf"/crm/(?:associations/{DATED}|v3/associations|v4/associations)/(?P<type>[^/]+)/(?P<to>[^/]+)"
OWNERS, PIPELINES, PROPERTIES = (
    rf"/crm/(?:{name}/{DATED}|v3/{name})" for name in ("owners", "pipelines", "properties")
)


def route(method: str, pattern: str, handler: Handler) -> Route:
    """Return a route; a slash at the end of the path does not matter."""
    return method, re.compile(f"^{pattern}/?$"), handler


def hubspot_routes(api: HubSpotWriter) -> list[Route]:
    """Return HubSpot's routes, the narrower before the wider."""
    return [
        route("POST", OBJECTS + "/search", api.search),
        route("POST", OBJECTS + "/batch/read", api.batch_read),
        route("POST", OBJECTS + "/batch/create", api.batch_create),
        route("POST", OBJECTS + "/batch/update", api.batch_update),
        route("POST", OBJECTS + "/batch/upsert", api.batch_upsert),
        route("POST", OBJECTS + "/batch/archive", api.batch_archive),
        route("GET", LINKS, api.links),
        route("PUT", LINKS + r"/(?P<to_id>[^/]+)", api.link),
        route("DELETE", LINKS + r"/(?P<to_id>[^/]+)", api.unlink),
        route("PUT", LINKS.replace("associations", "associations/default") + r"/(?P<to_id>[^/]+)", api.link),
        route("GET", OBJECTS, api.listing),
        route("POST", OBJECTS, api.create),
        route("PATCH", OBJECTS + r"/(?P<id>[^/]+)", api.update),
        route("DELETE", OBJECTS + r"/(?P<id>[^/]+)", api.archive),
        route("GET", OBJECTS + r"/(?P<id>[^/]+)", api.get),
        route("POST", ASSOCIATIONS + "/batch/read", api.links_batch),
        route("POST", ASSOCIATIONS + "/batch/create", api.links_create),
        route("GET", ASSOCIATIONS + "/labels", api.labels),
        route("GET", ASSOCIATIONS + "/types", api.labels),
        route("GET", OWNERS, api.owners),
        route("GET", OWNERS + r"/(?P<id>[^/]+)", api.owner),
        route("GET", PIPELINES + r"/(?P<type>[^/]+)", api.pipelines),
        route("GET", PROPERTIES + r"/(?P<type>[^/]+)", api.properties),
        route("GET", PROPERTIES + r"/(?P<type>[^/]+)/groups", api.property_groups),
        route("GET", PROPERTIES + r"/(?P<type>[^/]+)/(?P<name>[^/]+)", api.one_property),
        route("POST", PROPERTIES + r"/(?P<type>[^/]+)", api.create_property),
        route("POST", PROPERTIES + r"/(?P<type>[^/]+)/groups", api.create_group),
        route("POST", PROPERTIES + r"/(?P<type>[^/]+)/batch/create", api.create_properties),
        route("POST", rf"/files/{DATED}/files", api.upload),
        route("GET", rf"/files/{DATED}/files/stat/(?P<path>.+)", api.file_at),
        route("GET", rf"/files/{DATED}/files/(?P<id>[^/]+)/signed-url", api.signed_url),
        route("GET", r"/files/content/(?P<id>[^/]+)", api.file_content),
        route("POST", r"/oauth/(?:\d{4}-\d{2}|v1|v3)/token", api.token),
        route("GET", rf"/account-info/{DATED}/details", api.account),
    ]


def stripe_routes(api: StripeQuotes) -> list[Route]:
    """Return Stripe's routes, the narrower before the wider."""
    routes = [route("GET", f"/v1/{kind}/search", partial(api.search, kind)) for kind in SEARCHED]
    routes += [
        route("GET", "/v1/account", api.account),
        route("GET", "/v1/reporting/report_types", api.report_types),
        route("GET", "/v1/sigma/scheduled_query_runs", api.query_runs),
        route("GET", r"/invoice/[^/]+/(?P<id>[^/]+)/pdf", api.pdf),
        route("GET", r"/credit_notes/[^/]+/(?P<id>[^/]+)/pdf", api.credit_note_pdf),
        route("GET", r"/i/[^/]+/test_(?P<id>[^/]+)", api.hosted),
        route("POST", "/v1/customers", api.create_customer),
        route("POST", r"/v1/customers/(?P<id>[^/]+)", api.update_customer),
        route("DELETE", r"/v1/customers/(?P<id>[^/]+)", api.delete_customer),
        route("POST", r"/v1/customers/(?P<id>[^/]+)/tax_ids", api.create_tax_id),
        route("GET", r"/v1/customers/(?P<id>[^/]+)/tax_ids/(?P<tax_id>[^/]+)", api.tax_id),
        route("DELETE", r"/v1/customers/(?P<id>[^/]+)/tax_ids/(?P<tax_id>[^/]+)", api.delete_tax_id),
        route("POST", "/v1/products", api.create_product),
        route("POST", r"/v1/products/(?P<id>[^/]+)", api.update_product),
        route("DELETE", r"/v1/products/(?P<id>[^/]+)", api.delete_product),
        route("POST", "/v1/prices", api.create_price),
        route("POST", r"/v1/prices/(?P<id>[^/]+)", api.update_price),
        route("POST", "/v1/tax_rates", api.create_tax_rate),
        route("POST", "/v1/coupons", api.create_coupon),
        route("GET", r"/v1/coupons/(?P<id>[^/]+)", api.coupon),
        route("POST", "/v1/invoiceitems", api.create_item),
        route("POST", r"/v1/invoiceitems/(?P<id>[^/]+)", api.update_item),
        route("DELETE", r"/v1/invoiceitems/(?P<id>[^/]+)", api.delete_item),
        route("POST", "/v1/invoices/create_preview", api.preview),
        route("POST", "/v1/invoices", api.create_invoice),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)", api.update_invoice),
        route("DELETE", r"/v1/invoices/(?P<id>[^/]+)", api.delete_invoice),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)/finalize", api.finalize),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)/send", api.send),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)/pay", api.pay),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)/attach_payment", api.attach_payment),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)/void", api.void),
        route("POST", r"/v1/invoices/(?P<id>[^/]+)/mark_uncollectible", api.mark_uncollectible),
        route("POST", "/v1/credit_notes", api.create_credit_note),
        route("POST", r"/v1/credit_notes/(?P<id>[^/]+)/void", api.void_credit_note),
        route("GET", r"/v1/invoices/(?P<id>[^/]+)/lines", api.invoice_lines),
        route("GET", r"/v1/credit_notes/(?P<id>[^/]+)/lines", api.credit_note_lines),
        route("GET", r"/v1/customers/(?P<id>[^/]+)/tax_ids", api.customer_tax_ids),
        route("GET", r"/v1/quotes/(?P<id>[^/]+)/line_items", api.quote_lines),
        route("POST", "/v1/quotes", api.create_quote),
        route("POST", r"/v1/quotes/(?P<id>[^/]+)", api.update_quote),
        route("POST", r"/v1/quotes/(?P<id>[^/]+)/finalize", api.finalize_quote),
        route("POST", r"/v1/quotes/(?P<id>[^/]+)/accept", api.accept_quote),
        route("POST", r"/v1/quotes/(?P<id>[^/]+)/cancel", api.cancel_quote),
    ]
    for kind in LISTS:
        routes.append(route("GET", f"/v1/{kind}", partial(api.listing, kind)))
        routes.append(route("GET", rf"/v1/{kind}/(?P<id>[^/]+)", partial(api.get, kind)))
    return routes
