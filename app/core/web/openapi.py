"""OpenAPI 3.1, read off the routes and their schemas: what is documented is what is checked."""

import json
import re
from typing import Any, cast

from flask import Flask
from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from app.core.web.guard import Rule

_PART = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Why, by field."},
    },
}
_REFUSALS = {"400": "Bad request", "401": "Sign in first", "403": "Not allowed", "404": "Not found", "409": "Conflict",
             "413": "Too large", "415": "Wrong type", "422": "Does not fit", "429": "Too many calls", "503": "Not now"}  # fmt: skip


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of all endpoints under /api/v1, made at the first call: routes do not change once there are requests."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = _document(app)
    return cast("dict[str, Any]", app.extensions["openapi"])


def _document(app: Flask) -> dict[str, Any]:
    every = ((route, getattr(app.view_functions[route.endpoint], "rule", None)) for route in app.url_map.iter_rules())
    rules = [(route, rule) for route, rule in every if rule and rule.api]
    paths: dict[str, Any] = {}
    components: dict[str, Any] = {"Problem": _PROBLEM}
    for route, rule in sorted(rules, key=lambda pair: pair[0].rule):
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            path = _PART.sub(r"{\g<name>}", route.rule)
            paths.setdefault(path, {})[method.lower()] = _operation(route.endpoint, route.rule, rule, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Fairlead", "version": "1", "description": "Customers, segments, campaigns and what came of them."},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token."}},
        },
    }


def _operation(endpoint: str, path: str, rule: Rule, components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": rule.summary,
        "tags": [rule.tag],
        "parameters": _path_parameters(path) + _query_parameters(rule, components),
        "responses": {str(rule.status): _success(rule, components)} | _problems(),
        "security": [] if rule.public else [{"bearer": []}],
    }
    if rule.permission:
        operation["description"] = f"Needs the permission `{rule.permission}`."
    if rule.body is not None:
        schema = _schema(rule.body, "validation", components)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif rule.accept == "file":
        upload = {"type": "string", "contentMediaType": "application/octet-stream"}
        schema = {"type": "object", "required": ["file"], "properties": {"file": upload}}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return operation


def _problems() -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {code: {"description": words, "content": content} for code, words in _REFUSALS.items()}


def _success(rule: Rule, components: dict[str, Any]) -> dict[str, Any]:
    if rule.returns is None:
        return {"description": "Done"}
    return {"description": "Done", "content": {"application/json": {"schema": _schema(rule.returns, "serialization", components)}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    found = []
    for part in _PART.finditer(path):
        schema: dict[str, Any] = {"type": "integer", "minimum": 0} if part["kind"] == "int" else {"type": "string", "minLength": 1}
        found.append({"name": part["name"], "in": "path", "required": True, "schema": schema})
    return found


def _query_parameters(rule: Rule, components: dict[str, Any]) -> list[dict[str, Any]]:
    if rule.query is None:
        return []
    _, definitions = models_json_schema([(rule.query, "validation")], ref_template="#/components/schemas/{model}")
    own = definitions["$defs"].pop(rule.query.__name__)
    components.update(definitions["$defs"])
    needed = set(own.get("required", ()))
    properties = own.get("properties", {})
    return [{"name": name, "in": "query", "required": name in needed, "schema": schema} for name, schema in properties.items()]


def _schema(kind: Any, mode: Any, components: dict[str, Any]) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(mode=mode, ref_template="#/components/schemas/{model}")
    components.update(schema.pop("$defs", {}))
    title = schema.get("title")
    if title and schema.get("type") == "object":
        name = re.sub(r"\W+", "_", title).strip("_")
        components[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}
    return schema


def chapters(app: Flask) -> dict[str, list[dict[str, Any]]]:
    """Return the endpoints as the page shows them: by room, each with method, path, parameters and an example body."""
    whole = document(app)
    components = whole["components"]["schemas"]
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            shape = content.get("application/json", {}).get("schema")
            entry = operation | {
                "method": method.upper(),
                "path": path,
                "example": json.dumps(example(shape, components), indent=2, ensure_ascii=False) if shape else None,
                "file": "multipart/form-data" in content,
            }
            found.setdefault(operation["tags"][0], []).append(entry)
    return found


_SAMPLES = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
_FORMATS = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T10:50:00Z",
    "email": "ada@example.com",
    "uuid": "3f0c2a9e-5a53-4a52-9f5e-0d6d1c1b7a10",
}


def example(schema: dict[str, Any], components: dict[str, Any], depth: int = 0) -> Any:
    """Make a small value that has the schema's shape: what is required, and what has a default worth seeing."""
    if "$ref" in schema:
        return example(components.get(schema["$ref"].rsplit("/", 1)[1], {}), components, depth + 1)
    if "examples" in schema:
        return schema["examples"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return example(schema[choice][0], components, depth + 1)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        needed = set(schema.get("required", ())) or set(list(schema.get("properties", {}))[:3])
        return {name: example(part, components, depth + 1) for name, part in schema.get("properties", {}).items() if name in needed}
    if kind == "array":
        return [example(schema.get("items", {}), components, depth + 1)] if depth < _DEEPEST else []
    return _SAMPLES.get(str(kind), _FORMATS.get(schema.get("format", ""), "text"))


_DEEPEST = 6
