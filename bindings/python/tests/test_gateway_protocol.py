"""The gateway's protocol says what the library does: names, states and reports agree with it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from leptonai import AllocationEvent, LeptonClient, ResourceRequest, Utilization, _core
from leptonai.allocation import STATES
from leptonai.errors import LeptonError

PROTOCOL = Path(__file__).parents[3] / "include" / "lepton-gateway.openapi.yaml"


@pytest.fixture(scope="module")
def protocol() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(PROTOCOL.read_text(encoding="utf-8"))
    return document


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from nodes(item)


def validate(protocol: dict[str, Any], name: str, value: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": protocol["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_references_lead_somewhere_and_operations_are_named(protocol: dict[str, Any]) -> None:
    assert protocol["openapi"].startswith("3.1.")
    for node in nodes(protocol):
        if "$ref" in node:
            target: Any = protocol
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
    for schema in protocol["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = [node["operationId"] for node in nodes(protocol["paths"]) if "operationId" in node]
    assert len(operations) == len(set(operations)) >= 15
    for node in nodes(protocol["paths"]):
        if "operationId" in node:
            assert "default" in node["responses"], node["operationId"]


def test_requests_have_the_fields_of_a_request(protocol: dict[str, Any]) -> None:
    described = set(protocol["components"]["schemas"]["ResourceRequest"]["properties"])
    assert described - {"wait_seconds"} == set(ResourceRequest._fields)
    arguments = set(inspect.signature(LeptonClient.allocate).parameters) - {"self", "wait"}
    assert described - {"wait_seconds"} == arguments


def test_states_and_events_are_those_of_an_allocation(protocol: dict[str, Any]) -> None:
    schemas = protocol["components"]["schemas"]
    assert schemas["AllocationState"]["enum"] == list(STATES)
    assert set(schemas["AllocationEvent"]["properties"]) == set(AllocationEvent._fields)
    with LeptonClient(nodes=2) as client, client.allocate(nodes=1, lease_seconds=60) as allocation:
        allocation.resize(2)
        allocation.renew(30)
        for event in allocation.events(timeout=0):
            validate(protocol, "AllocationEvent", event._asdict())


def test_reports_are_as_described(protocol: dict[str, Any]) -> None:
    with LeptonClient(nodes=2) as client:
        with client.allocate(nodes=2, storage_bytes=10, labels={"team": "cards"}, tenant="bank") as allocation:
            allocation.resize(1)
            utilization = {name: getattr(client.utilization(), name) for name in Utilization.__slots__}
        validate(protocol, "Utilization", utilization)
        assert set(protocol["components"]["schemas"]["Utilization"]["required"]) == set(utilization)
        usage = json.loads(_core.client_usage(client._native(), 0))
        validate(protocol, "Usage", usage)
        assert usage["records"][0]["tenant"] == "bank"
    with pytest.raises(jsonschema.ValidationError):
        validate(protocol, "Usage", {**usage, "total": 1.5})


def test_errors_have_the_parts_of_an_error(protocol: dict[str, Any]) -> None:
    parts = set(protocol["components"]["schemas"]["Problem"]["properties"])
    assert {"argument", "expected", "received", "status"} <= parts
    with LeptonClient(nodes=1) as client, pytest.raises(LeptonError) as caught:
        client.allocate(nodes=2)
    for name in ("argument", "expected", "received", "status"):
        assert getattr(caught.value, name) is not None
