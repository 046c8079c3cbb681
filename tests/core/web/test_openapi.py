import re

from flask import Flask
from flask.testing import FlaskClient

from app.core.web.openapi import chapters, document, example


def test_every_reference_leads_somewhere(app: Flask) -> None:
    whole = document(app)
    named = set(re.findall(r"#/components/schemas/([^\"']+)", str(whole)))
    assert named <= set(whole["components"]["schemas"])


def test_it_is_made_once(app: Flask) -> None:
    assert document(app) is document(app)


def test_every_endpoint_can_be_shown(app: Flask) -> None:
    assert all(entry["summary"] and entry["path"].startswith("/api/v1/") for entries in chapters(app).values() for entry in entries)


def test_an_example_has_the_shape_of_its_schema() -> None:
    components = {"Rule": {"type": "object", "required": ["field"], "properties": {"field": {"type": "string"}, "op": {"type": "string"}}}}
    schema = {
        "type": "object",
        "required": ["name", "rules", "when"],
        "properties": {
            "name": {"type": "string"},
            "rules": {"type": "array", "items": {"$ref": "#/components/schemas/Rule"}},
            "when": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "note": {"type": "string"},
        },
    }
    assert example(schema, components) == {"name": "text", "rules": [{"field": "text"}], "when": "2026-11-21T10:50:00Z"}


def test_an_example_of_a_tree_ends() -> None:
    components = {
        "Tree": {
            "type": "object",
            "required": ["rules"],
            "properties": {"rules": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        }
    }
    assert "rules" in example({"$ref": "#/components/schemas/Tree"}, components)


def test_the_document_is_public(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json["openapi"]) == (200, "3.1.0")


def test_a_stranger_is_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/docs").headers["Location"] == "/auth/login?next=/docs"
    assert client.get("/find?q=x", headers={"Accept": "application/json"}).status_code == 401
