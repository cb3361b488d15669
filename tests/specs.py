"""Checks requests and replies against a vendor's published API description (OpenAPI 3), JSON and forms alike.

Forms are un-nested (`a[b][0]=1`) and their text cast to what the description asks for; objects that a reply carries
expanded count as their ids. In requests, names that the description does not know are errors.
"""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4, DRAFT202012

Schema = dict[str, Any]


class Spec:
    """One API description."""

    def __init__(self, path: Path) -> None:
        self.doc = _nulls(json.loads(path.read_text()))
        new = self.doc["openapi"].startswith("3.1")
        self.validator = OAS31Validator if new else OAS30Validator
        draft = DRAFT202012 if new else DRAFT4
        loose, strict = Resource(self.doc, draft), Resource(_closed(copy.deepcopy(self.doc)), draft)
        self.registry = Registry().with_resources([("urn:loose", loose), ("urn:strict", strict)])
        # The plainer a template, the better it fits: /invoices/search before /invoices/{id}.
        self.templates = sorted(
            ((re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(t)) + "/?$"), t) for t in self.doc["paths"]),
            key=lambda pair: (pair[1].count("{"), -len(pair[1])),
        )

    def operation(self, request: httpx.Request) -> tuple[str, str] | None:
        """Return (template, method) of the operation that a request calls; None where there is none."""
        path = unquote(request.url.path)
        for pattern, template in self.templates:
            if pattern.search(path) and request.method.lower() in self.doc["paths"][template]:
                return template, request.method.lower()
        return None

    def request_errors(self, request: httpx.Request) -> list[str]:
        """Return what is wrong with a request."""
        found = self.operation(request)
        if found is None:
            return [f"{request.method} {request.url.path} is not in the description"]
        return [*self._query_errors(request, *found), *self._body_errors(request, *found)]

    def reply_errors(self, request: httpx.Request, reply: httpx.Response) -> list[str]:
        """Return what is wrong with the JSON of a reply."""
        found = self.operation(request)
        if found is None or not reply.content:
            return []
        template, method = found
        replies = self.doc["paths"][template][method]["responses"]
        code = next(
            (c for c in (str(reply.status_code), f"{reply.status_code // 100}XX", "default") if c in replies), ""
        )
        if not code:
            return [f"{method} {template} never answers {reply.status_code}"]
        return self._answer_errors(template, method, code, reply.json())

    def _answer_errors(self, template: str, method: str, code: str, body: Any) -> list[str]:
        where = ["paths", template, method, "responses", code]
        answer = self._at(where)
        if "$ref" in answer:
            where = answer["$ref"].lstrip("#/").split("/")
            answer = self._at(where)
        media = next((m for m in answer.get("content", {}) if "json" in m), None)
        if media is None:
            return []
        where += ["content", media, "schema"]
        return self._errors("urn:loose", where, _collapsed(self, self._at(where), body))

    def _query_errors(self, request: httpx.Request, template: str, method: str) -> list[str]:
        operation = self.doc["paths"][template]
        declared = {}
        for parameter in [*operation.get("parameters", []), *operation[method].get("parameters", [])]:
            said = self._resolved(parameter)
            if said["in"] == "query":
                declared[said["name"].removesuffix("[]")] = said
        given = _nested(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        errors = [f"query {name} is not in the description of {method} {template}" for name in given.keys() - declared]
        errors += [f"query {n} is missing" for n, p in declared.items() if p.get("required") and n not in given]
        for name in given.keys() & declared.keys():
            schema, value = declared[name].get("schema", {}), given[name]
            if self._resolved(schema).get("type") == "array" and isinstance(value, str):
                value = value.split(",")
            errors += [f"query {name}: {e}" for e in self._schema_errors(schema, self._cast(schema, value))]
        return errors

    def _body_errors(self, request: httpx.Request, template: str, method: str) -> list[str]:
        content = self.doc["paths"][template][method].get("requestBody", {}).get("content", {})
        sent = request.headers.get("content-type", "").partition(";")[0]
        if not request.content:
            return []
        if sent not in content:
            return [f"{method} {template} takes {', '.join(content) or 'no body'}, not {sent}"]
        where = ["paths", template, method, "requestBody", "content", sent, "schema"]
        if sent == "application/x-www-form-urlencoded":
            pairs = parse_qsl(request.content.decode(), keep_blank_values=True)
            return self._errors("urn:strict", where, self._cast(self._at(where), _nested(pairs)))
        if "json" in sent:
            return self._errors("urn:strict", where, json.loads(request.content))
        fields = set(re.findall(rb'; name="([^"]+)"', request.content))
        known = {name.encode() for name in self._resolved(self._at(where)).get("properties", {})}
        return [f"form field {f.decode()} is unknown" for f in fields - known]

    def _errors(self, book: str, where: list[str], value: Any) -> list[str]:
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in where)
        return self._schema_errors({"$ref": f"{book}#/{pointer}"}, value)

    def _schema_errors(self, schema: Schema, value: Any) -> list[str]:
        if schema.get("$ref", "").startswith("#"):
            schema = {"$ref": "urn:loose" + schema["$ref"]}
        found = self.validator(schema, registry=self.registry).iter_errors(value)
        return [f"{'.'.join(map(str, e.absolute_path)) or 'body'}: {e.message[:200]}" for e in found]

    def _at(self, where: list[str]) -> Any:
        found = self.doc
        for part in where:
            found = found[part]
        return found

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._at([p.replace("~1", "/") for p in schema["$ref"].removeprefix("#/").split("/")])
        return schema

    def _cast(self, schema: Schema, value: Any) -> Any:
        """Return form text as the types that a schema asks for; what cannot be cast stays, to be found wrong."""
        schema = self._resolved(schema)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            kind = {dict: "object", list: "array"}.get(type(value))
            fit = [c for c in map(self._resolved, choices) if kind is None or c.get("type", kind) == kind]
            if kind is None and any(value in c.get("enum", ()) for c in fit):
                return value
            plain = [c for c in fit if "enum" not in c and c.get("type") not in ("object", "array")]
            return self._cast((plain or fit or [{}])[0], value)
        if isinstance(value, dict):
            inner, more = schema.get("properties", {}), schema.get("additionalProperties")
            return {k: self._cast(inner.get(k, more if isinstance(more, dict) else {}), v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._cast(schema.get("items", {}), v) for v in value]
        return _typed(schema.get("type"), value)


@cache
def spec(path: Path) -> Spec:
    """Return an API description, read once."""
    return Spec(path)


def _typed(kind: Any, text: str) -> Any:
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return form fields as nested values: `a[b][0]=1` is {"a": {"b": ["1"]}}."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, *inner = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        here: dict[str, Any] = root
        for part in [head, *inner][:-1]:
            here = here.setdefault(part, {})
        last = [head, *inner][-1]
        here[str(len(here)) if last == "" else last] = value
    return {k: _listed(v) for k, v in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {k: _listed(v) for k, v in value.items()}
    return list(inner.values()) if inner and all(k.isdigit() for k in inner) else inner


def _nulls(value: Any) -> Any:
    """Let `nullable` count beside `enum`, `allOf` and `anyOf` too: descriptions mean it so, validators do not."""
    if isinstance(value, list):
        return [_nulls(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _nulls(inner) for key, inner in value.items()}
    if schema.get("nullable") is True:
        if isinstance(schema.get("enum"), list):
            schema["enum"] = [*schema["enum"], None]
        if "type" not in schema:
            schema.pop("nullable")
            schema = {"anyOf": [schema, {"enum": [None]}]}
    return schema


def _closed(value: Any, of_all: bool = False) -> Any:
    """Close every object schema that lists its properties: a name it does not know is a mistake of ours."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and value.get("type") == "object" and not of_all:
            value.setdefault("additionalProperties", False)
        for key, inner in value.items():
            _closed(inner, key == "allOf")
    elif isinstance(value, list):
        for inner in value:
            _closed(inner, of_all)
    return value


def _collapsed(spec: Spec, schema: Schema, value: Any) -> Any:
    """Return a reply in which an expanded object stands where the description has its id."""
    schema = spec._resolved(schema)
    if isinstance(value, dict):
        if schema.get("type") == "string" and "id" in value:
            return value["id"]
        inner, more = schema.get("properties", {}), schema.get("additionalProperties")
        return {k: _collapsed(spec, inner.get(k, more if isinstance(more, dict) else {}), v) for k, v in value.items()}
    if isinstance(value, list):
        return [_collapsed(spec, schema.get("items", {}), v) for v in value]
    return value
