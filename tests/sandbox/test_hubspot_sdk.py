"""HubSpot's own Python client, unchanged, against the sandbox."""

from typing import Any

import httpx
import pytest
from desk import TODAY, won_deal
from hubspot import HubSpot
from hubspot.crm.associations.v4 import (
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicFetchAssociationsBatchRequest,
)
from hubspot.crm.deals import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.objects import SimplePublicObjectInputForCreate as ObjectForCreate
from hubspot.crm.properties import PropertyCreate
from urllib3.util.retry import Retry

from extract.sandbox import wire
from extract.sandbox.server import Running

WON = [{"filters": [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}]}]


@pytest.fixture
def client(box: Running) -> HubSpot:
    """The vendor's client, pointed here."""
    return HubSpot(access_token="pat-eu1-sandbox", host=box.url)


def test_all_pages_hold_every_deal_once(client: HubSpot, box: Running) -> None:
    """100 a page until there is no next; archived ones only when asked for."""
    deals = client.crm.deals.get_all(properties=["dealname", "amount"], associations=["companies", "line_items"])
    archived = client.crm.deals.get_all(archived=True)
    ids = [d.id for d in deals]
    assert len(ids) == len(set(ids))
    assert {*ids, *(d.id for d in archived)} >= {d.id for d in box.company.deals}
    assert all(d.archived_at for d in archived)
    linked = next(d for d in deals if "line items" in (d.associations or {}))
    companies = [a.id for a in linked.associations["companies"].results]
    assert len(companies) == 2
    assert len(set(companies)) == 1


def test_search_counts_pages_and_sorts(client: HubSpot, box: Running) -> None:
    """Won deals, dearest first, page by page."""
    found, after = [], None
    while True:
        sort = {"propertyName": "amount", "direction": "DESCENDING"}
        request = PublicObjectSearchRequest(
            filter_groups=WON, sorts=[sort], properties=["amount"], limit=100, after=after
        )
        page = client.crm.deals.search_api.do_search(public_object_search_request=request)
        found += [float(r.properties["amount"]) for r in page.results]
        if not page.paging:
            break
        after = page.paging.next.after
    assert len(found) == page.total
    assert found == sorted(found, reverse=True)


def test_a_deal_is_made_read_changed_and_archived(client: HubSpot, box: Running) -> None:
    """A write moves the modified date; a won stage brings its own dates; an archived record is not found."""
    company_id = box.company.customers[0].id
    link = {"to": {"id": company_id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]}
    values = {"dealname": "New", "amount": "1200.50", "pipeline": "default", "dealstage": "contractsent"}
    made = client.crm.deals.basic_api.create(SimplePublicObjectInputForCreate(properties=values, associations=[link]))
    changed = client.crm.deals.basic_api.update(
        made.id, SimplePublicObjectInput(properties={"dealstage": "closedwon", "cuadra_invoice_number": "FN-1"})
    )
    assert changed.updated_at > made.updated_at
    read = client.crm.deals.basic_api.get_by_id(
        made.id,
        properties=["hs_is_closed_won", "hs_v2_date_entered_closedwon", "closedate", "cuadra_invoice_number"],
        properties_with_history=["dealstage"],
        associations=["companies"],
    )
    assert read.properties["hs_is_closed_won"] == "true"
    assert read.properties["closedate"] == read.properties["hs_v2_date_entered_closedwon"]
    assert [h.value for h in read.properties_with_history["dealstage"]] == ["closedwon", "contractsent"]
    assert read.associations["companies"].results[0].id == company_id
    client.crm.deals.basic_api.archive(made.id)
    with pytest.raises(ApiException) as caught:
        client.crm.deals.basic_api.get_by_id(made.id)
    assert caught.value.status == 404
    assert client.crm.deals.basic_api.get_by_id(made.id, archived=True).archived


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"no_such": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_is_closed_won": "true"}, "READ_ONLY_VALUE"),
        ({"dealstage": "lost-in-space"}, "INVALID_OPTION"),
        ({"cuadra_paid_on": "2026-11-20T10:00:00Z"}, "INVALID_DATE"),
        ({"amount": "12,50"}, "INVALID_NUMBER"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(
    client: HubSpot, box: Running, values: dict[str, str], code: str
) -> None:
    """400 with the code and the property; nothing is written."""
    deal_id = won_deal(box)
    before = client.crm.deals.basic_api.get_by_id(deal_id).updated_at
    with pytest.raises(ApiException) as caught:
        client.crm.deals.basic_api.update(deal_id, SimplePublicObjectInput(properties=values | {"description": "x"}))
    assert caught.value.status == 400
    assert code in caught.value.body
    assert next(iter(values)) in caught.value.body
    assert client.crm.deals.basic_api.get_by_id(deal_id).updated_at == before


def test_batches_read_update_and_upsert(client: HubSpot, box: Running) -> None:
    """What is refused stands beside what was done; upsert finds by a unique property."""
    first, second = [d.id for d in box.company.deals if not d.archived][:2]
    api = client.crm.deals.batch_api
    wanted = BatchReadInputSimplePublicObjectId(
        inputs=[SimplePublicObjectId(id=first), SimplePublicObjectId(id="404")],
        properties=["dealname"],
        properties_with_history=[],
    )
    read = api.read(batch_read_input_simple_public_object_id=wanted)
    assert [r.id for r in read.results] == [first]
    assert read.num_errors == 1
    inputs = [
        SimplePublicObjectBatchInput(id=first, properties={"description": "one"}),
        SimplePublicObjectBatchInput(id=second, properties={"amount": "much"}),
    ]
    done = api.update(BatchInputSimplePublicObjectBatchInput(inputs=inputs))
    assert [r.id for r in done.results] == [first]
    assert done.errors[0].category == "VALIDATION_ERROR"
    key = PropertyCreate(
        name="our_key",
        label="Key",
        type="string",
        field_type="text",
        group_name="dealinformation",
        has_unique_value=True,
    )
    client.crm.properties.core_api.create("deals", key)
    item = SimplePublicObjectBatchInputUpsert(id="K-1", id_property="our_key", properties={"dealname": "Keyed"})
    results = [api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=[item])).results[0] for _ in range(2)]
    assert [r.new for r in results] == [True, False]
    assert results[0].id == results[1].id
    assert client.crm.deals.basic_api.get_by_id("K-1", id_property="our_key").id == results[0].id


def test_properties_are_made_once(client: HubSpot) -> None:
    """201, then 409."""
    wanted = PropertyCreate(
        name="cuadra_invoice_due_on", label="Due", type="date", field_type="date", group_name="reconciliation"
    )
    assert client.crm.properties.core_api.create("deals", wanted).name == "cuadra_invoice_due_on"
    with pytest.raises(Exception, match="409"):
        client.crm.properties.core_api.create("deals", wanted)
    names = [p.name for p in client.crm.properties.core_api.get_all("deals").results]
    assert "cuadra_invoice_due_on" in names
    assert "cuadra_invoice_recipient" not in names


def test_tasks_notes_owners_and_pipelines(client: HubSpot, box: Running) -> None:
    """A task hangs on its deal; owners gone are asked for apart; the won stage is known by its metadata only."""
    deal_id = won_deal(box)
    link = {"to": {"id": deal_id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216}]}
    values = {"hs_timestamp": "2026-12-01T08:00:00Z", "hs_task_subject": "Invoice it", "hs_task_status": "NOT_STARTED"}
    task = client.crm.objects.basic_api.create("tasks", ObjectForCreate(properties=values, associations=[link]))
    wanted = BatchInputPublicFetchAssociationsBatchRequest(inputs=[PublicFetchAssociationsBatchRequest(id=deal_id)])
    links = client.crm.associations.v4.batch_api.get_page("deals", "tasks", wanted)
    assert [str(t.to_object_id) for t in links.results[0].to] == [task.id]
    assert len(client.crm.owners.owners_api.get_page(limit=100).results) == 7
    assert len(client.crm.owners.owners_api.get_page(archived=True).results) == 1
    stages = [s for p in client.crm.pipelines.pipelines_api.get_all("deals").results for s in p.stages]
    won = {s.id for s in stages if s.metadata["probability"] == "1.0" and s.metadata["isClosed"] == "true"}
    assert won == {"closedwon", "139482104"}


def test_a_merged_record_answers_by_its_old_id(client: HubSpot, box: Running) -> None:
    """The survivor names the lost one and answers for it."""
    lost, survivor = next(iter(box.sandbox.hubspot.books.merged["deals"].items()))
    read = client.crm.deals.basic_api.get_by_id(lost, properties=["hs_merged_object_ids"])
    assert read.id == survivor
    assert read.properties["hs_merged_object_ids"] == lost


def test_the_client_waits_out_a_rate_limit(box: Running) -> None:
    """429 twice, then the answer: the vendor's own retry gets there."""
    httpx.post(f"{box.url}/sandbox/faults", json=[{"kind": "status", "match": "hubspot", "status": 429, "times": 2}])
    retry = Retry(total=3, backoff_factor=0.01, status_forcelist=(429,), allowed_methods=None)
    client = HubSpot(access_token="pat-eu1-sandbox", host=box.url, retry=retry)
    assert client.crm.deals.basic_api.get_page(limit=1).results
    assert [c["status"] for c in httpx.get(f"{box.url}/sandbox/calls").json()] == [429, 429, 200]


def test_search_sees_a_write_when_its_index_has_caught_up(box: Running, client: HubSpot) -> None:
    """Inside the lag a search shows the old values and does not know the new deal."""
    httpx.post(f"{box.url}/sandbox/settings", json={"hubspot_search_lag_s": 60})
    deal_id = won_deal(box)

    def found(name: str) -> list[Any]:
        groups = [{"filters": [{"propertyName": "description", "operator": "EQ", "value": name}]}]
        return client.crm.deals.search_api.do_search(PublicObjectSearchRequest(filter_groups=groups)).results

    client.crm.deals.basic_api.update(deal_id, SimplePublicObjectInput(properties={"description": "fresh"}))
    client.crm.deals.basic_api.create(
        SimplePublicObjectInputForCreate(properties={"dealname": "n", "description": "fresh"})
    )
    assert found("fresh") == []
    httpx.post(f"{box.url}/sandbox/clock", json={"seconds": 61})
    assert len(found("fresh")) == 2


def test_today_is_the_day_it_was_given(client: HubSpot) -> None:
    """A write is dated by the sandbox's clock, not the machine's."""
    made = client.crm.companies.basic_api.create(ObjectForCreate(properties={"name": "Nueva"}))
    assert made.created_at.astimezone(wire.ZONE).date() == TODAY
