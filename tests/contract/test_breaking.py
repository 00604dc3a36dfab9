"""Each kind of breaking change is found, and what breaks nobody is let pass."""

import copy
import unittest

from breaking import Comparison, declared

OLD = {
    "paths": {
        "/things": {
            "post": {
                "operationId": "make_thing",
                "security": [{"key": ["make"]}],
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 9}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {
                    "201": {
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            }
        }
    },
    "components": {
        "responses": {"NotFound": {"description": "None."}},
        "schemas": {
            "New": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 9},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "note": {"oneOf": [{"type": "string"}, {"type": "null"}]},
                    "maker": {"$ref": "#/components/schemas/Maker"},
                },
            },
            "Thing": {
                "type": "object",
                "required": ["id", "kind"],
                "properties": {
                    "id": {"type": "string"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "maker": {"$ref": "#/components/schemas/Maker"},
                },
            },
            "Maker": {"type": "object", "required": ["town"], "properties": {"town": {"type": "string"}}},
        },
    },
}
NEW = "components.schemas.New."
THING = "components.schemas.Thing."
POST = "paths./things.post."
MAKER_OR_NULL = {"oneOf": [{"$ref": "#/components/schemas/Maker", "description": "Who made it."}, {"type": "null"}]}


def changed(place, value):
    """The old contract with one thing changed, or left out where the value is None."""
    document = copy.deepcopy(OLD)
    *parents, last = place.split(".")
    inner = document
    for key in parents:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return document


class Breaking(unittest.TestCase):
    def found(self, place, value):
        return Comparison(OLD, changed(place, value)).run()

    def test_what_breaks_is_found(self):
        for owner, place, value in [
            ("make_thing", "paths./things", None),
            ("make_thing", POST + "operationId", "create_thing"),
            ("make_thing", POST + "security", [{"key": ["own"]}]),
            ("make_thing", POST + "responses.404", None),
            ("make_thing", POST + "responses.201.headers.ETag", None),
            ("make_thing", POST + "responses.201.content", {"text/plain": {}}),
            ("make_thing", POST + "parameters", []),
            ("make_thing", POST + "parameters", OLD["paths"]["/things"]["post"]["parameters"]
             + [{"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}}]),
            ("make_thing", POST + "requestBody.required", True),
            ("New", NEW + "required", ["name", "kind"]),
            ("New", NEW + "properties.name.maxLength", 8),
            ("New", NEW + "properties.name.minLength", 1),
            ("New", NEW + "properties.name.pattern", "^a"),
            ("New", NEW + "properties.name.type", "integer"),
            ("New", NEW + "properties.name.format", "email"),
            ("New", NEW + "properties.kind", None),
            ("New", NEW + "properties.kind.enum", ["a"]),
            ("New", NEW + "properties.note.oneOf", [{"type": "string"}]),
            ("New", NEW + "additionalProperties", False),
            ("Thing", THING + "properties.id", None),
            ("Thing", THING + "properties.id.type", ["string", "null"]),
            ("Thing", THING + "properties.kind.enum", None),
            ("Thing", THING + "required", ["id"]),
            ("Thing", THING + "properties.maker", MAKER_OR_NULL),
            ("Maker", THING + "properties.maker", {"oneOf": [{"type": "string"}, {"type": "null"}]}),
            ("Maker", "components.schemas.Maker.properties.town", None),
        ]:
            with self.subTest(place=place, value=value):
                found = self.found(place, value)
                self.assertEqual([owner], [one[0] for one in found][:1], found)

    def test_what_breaks_nobody_passes(self):
        self.assertEqual([], Comparison(OLD, OLD).run())
        for place, value in [
            (POST + "summary", "Makes a thing."),
            (POST + "responses.409", {"description": "No."}),
            (NEW + "required", []),
            (NEW + "properties.name.maxLength", 10),
            (NEW + "properties.name.maxLength", None),
            (NEW + "properties.more", {"type": "string"}),
            (NEW + "properties.kind.enum", ["a", "b", "c"]),
            (NEW + "properties.name.type", ["string", "null"]),
            (NEW + "properties.maker", MAKER_OR_NULL),
            (THING + "properties.more", {"type": "string"}),
            (THING + "required", ["id", "kind", "more"]),
            # Clients are told to expect new values.
            (THING + "properties.kind.enum", ["a", "b", "c"]),
        ]:
            with self.subTest(place=place, value=value):
                self.assertEqual([], self.found(place, value))

    def test_only_the_first_section_declares(self):
        text = "# Changes\n\n## Unreleased\n\n- Breaking: `Thing` has\n  no `id`.\n- `New` is new.\n\n## 1\n\n- Breaking: `Old`.\n"
        self.assertEqual({"Thing", "id"}, declared(text))
        self.assertEqual(set(), declared("# Changes\n"))


if __name__ == "__main__":
    unittest.main()
