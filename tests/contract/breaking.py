"""Compares two contracts and names what would break those who use the older one.

breaking.py OLD NEW CHANGELOG: fails when something breaks that the changelog's first section doesn't declare, on a line
that begins with "- Breaking:" and contains the name of the operation or schema, in backquotes.
"""

import re
import sys

import yaml

METHODS = ("get", "put", "post", "patch", "delete")
# Where the new contract allows less than the old one did.
UPPER = ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum")
LOWER = ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum")


class Comparison:
    """Collects what breaks as pairs of a name and a sentence."""

    def __init__(self, old, new):
        self.old, self.new = old, new
        self.found = []
        self.seen = set()
        self.owner = ""

    def say(self, sentence):
        if (self.owner, sentence) not in self.found:
            self.found.append((self.owner, sentence))

    @staticmethod
    def resolve(document, thing):
        while isinstance(thing, dict) and "$ref" in thing:
            place = thing["$ref"]
            thing = document
            for key in place.removeprefix("#/").split("/"):
                thing = thing[key.replace("~1", "/").replace("~0", "~")]
        return thing

    def run(self):
        for path, old_item in self.old["paths"].items():
            new_item = self.new["paths"].get(path, {})
            for method in METHODS:
                if method not in old_item:
                    continue
                self.owner = old_item[method]["operationId"]
                if method not in new_item:
                    self.say(f"{method.upper()} {path} is gone")
                else:
                    self.operation(old_item[method], new_item[method])
        return self.found

    def operation(self, old, new):
        if old["operationId"] != new["operationId"]:
            self.say(f"its operationId is now {new['operationId']}")
        old_permission, new_permission = self.permission(old), self.permission(new)
        if old_permission is not None and old_permission != new_permission:
            self.say(f"its permission was {old_permission} and is {new_permission}")
        self.parameters(old, new)
        self.request(old, new)
        for status, old_response in old["responses"].items():
            if status not in new["responses"]:
                self.say(f"{status} is gone")
                continue
            old_response = self.resolve(self.old, old_response)
            new_response = self.resolve(self.new, new["responses"][status])
            for name in old_response.get("headers", {}):
                if name not in new_response.get("headers", {}):
                    self.say(f"{status} has no header {name} any more")
            self.content(old_response, new_response, status, is_request=False)

    @staticmethod
    def permission(operation):
        """What a key needs; nothing where a contract doesn't say it yet."""
        needed = [name for scheme in operation.get("security", []) for names in scheme.values() for name in names]
        return needed or None

    def parameters(self, old, new):
        def by_name(document, operation):
            all_of_them = [self.resolve(document, one) for one in operation.get("parameters", [])]
            return {(one["in"], one["name"]): one for one in all_of_them}

        old_ones, new_ones = by_name(self.old, old), by_name(self.new, new)
        for key, one in old_ones.items():
            if key not in new_ones:
                self.say(f"the {key[0]} parameter {key[1]} is gone")
            else:
                self.schema(one["schema"], new_ones[key]["schema"], f"parameter {key[1]}", True)
        for key, one in new_ones.items():
            if one.get("required") and not old_ones.get(key, {}).get("required"):
                self.say(f"the {key[0]} parameter {key[1]} is now required")

    def request(self, old, new):
        old_body = self.resolve(self.old, old.get("requestBody", {}))
        new_body = self.resolve(self.new, new.get("requestBody", {}))
        if new_body.get("required") and not old_body.get("required"):
            self.say("a body is now required")
        self.content(old_body, new_body, "the body", is_request=True)

    def content(self, old, new, place, is_request):
        for kind, old_content in old.get("content", {}).items():
            new_content = new.get("content", {}).get(kind)
            if new_content is None:
                self.say(f"{place} isn't {kind} any more")
            elif "schema" in old_content and "schema" in new_content:
                self.schema(old_content["schema"], new_content["schema"], place, is_request)

    def schema(self, old, new, place, is_request):
        owner = self.owner
        if self.is_nullable_form(old, new):
            # It's this field that may be null now: whoever else uses the schema that it names isn't concerned.
            if not is_request:
                self.say(f"{place}: null may come now")
            new = old
        if isinstance(old, dict) and "$ref" in old:
            key = (old["$ref"], str(new.get("$ref")), is_request)
            if key in self.seen:
                return
            self.seen.add(key)
            if old["$ref"].startswith("#/components/schemas/"):
                self.owner, place = old["$ref"].rsplit("/", 1)[1], ""
        self.compare(self.resolve(self.old, old), self.resolve(self.new, new), place, is_request)
        self.owner = owner

    @staticmethod
    def is_nullable_form(old, new):
        """Whether the new one takes what the old one names, or null, and nothing else."""
        choices = new.get("oneOf", []) if isinstance(new, dict) else []
        if len(choices) != 2 or "$ref" not in old or {"type": "null"} not in choices:
            return False
        return any(choice.get("$ref") == old["$ref"] for choice in choices)

    def compare(self, old, new, place, is_request):
        at = f"{place}: " if place else ""
        self.types(old, new, at, is_request)
        self.values(old, new, at, is_request)
        if is_request:
            self.limits(old, new, at)
        self.choices(old, new, place, is_request)
        old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
        for name, old_field in old_fields.items():
            if name not in new_fields:
                self.say(f"{at}{name} is gone")
            else:
                inner = f"{place}/{name}" if place else name
                self.schema(old_field, new_fields[name], inner, is_request)
        old_required, new_required = set(old.get("required", [])), set(new.get("required", []))
        if is_request:
            for name in sorted(new_required - old_required):
                self.say(f"{at}{name} is now required")
        else:
            for name in sorted((old_required - new_required) & set(new_fields)):
                self.say(f"{at}{name} may now be absent")
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            self.schema(old["items"], new["items"], f"{place}/items", is_request)

    def types(self, old, new, at, is_request):
        def kinds(schema):
            kind = schema.get("type")
            found = set(kind) if isinstance(kind, list) else {kind} if kind else set()
            # Whatever takes any number takes whole ones.
            return found | ({"integer"} if "number" in found else set())

        old_kinds, new_kinds = kinds(old), kinds(new)
        if not old_kinds or not new_kinds:
            if is_request and new_kinds and not (old.keys() & {"oneOf", "anyOf", "allOf"}):
                self.say(f"{at}it must now be {', '.join(sorted(new_kinds))}")
            return
        lost = old_kinds - new_kinds if is_request else new_kinds - old_kinds
        for kind in sorted(lost):
            self.say(f"{at}{kind} {'is refused now' if is_request else 'may come now'}")

    def values(self, old, new, at, is_request):
        if is_request:
            if "enum" in new and "enum" in old:
                for value in old["enum"]:
                    if value not in new["enum"]:
                        self.say(f"{at}the value {value!r} is refused now")
            elif "enum" in new:
                self.say(f"{at}only some values are taken now")
        elif "enum" in old and "enum" not in new:
            self.say(f"{at}any value may come now")
        if old.get("format") != new.get("format"):
            self.say(f"{at}its format was {old.get('format')} and is {new.get('format')}")
        if is_request and "pattern" in new and old.get("pattern") != new["pattern"]:
            self.say(f"{at}its pattern is another")

    def limits(self, old, new, at):
        for name in UPPER:
            if name in new and (name not in old or new[name] < old[name]):
                self.say(f"{at}{name} is now {new[name]}")
        for name in LOWER:
            if name in new and (name not in old or new[name] > old[name]):
                self.say(f"{at}{name} is now {new[name]}")
        if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
            self.say(f"{at}unknown fields are refused now")

    def choices(self, old, new, place, is_request):
        for word in ("oneOf", "anyOf", "allOf"):
            olds, news = old.get(word), new.get(word)
            if olds is None and news is None:
                continue
            olds, news = olds or [], news or []
            unmatched = list(news)
            for index, one in enumerate(olds):
                twin = self.twin(one, unmatched)
                if twin is None:
                    self.say(f"{place}: the choice {index + 1} of {word} is gone")
                else:
                    unmatched.remove(twin)
                    self.schema(one, twin, f"{place}/{word}", is_request)
            if unmatched and not is_request and word != "allOf":
                self.say(f"{place}: {word} has {len(unmatched)} more")

    def twin(self, one, candidates):
        """The variant that this one has become: by reference, by the tag's value, or by type."""

        def name(document, schema):
            whole = self.resolve(document, schema)
            tags = [
                str(field.get("const", field.get("enum")))
                for field in whole.get("properties", {}).values()
                if "const" in field or len(field.get("enum", [])) == 1
            ]
            return str(tags) if tags else schema.get("$ref", str(whole.get("type")))

        return next((twin for twin in candidates if name(self.new, twin) == name(self.old, one)), None)


def declared(changelog):
    """The names in the lines of the first section that begin with "- Breaking:"."""
    sections = re.split(r"(?m)^## ", changelog)
    lines = re.findall(r"(?m)^- Breaking: (.*(?:\n  .*)*)", sections[1] if len(sections) > 1 else "")
    return {name for line in lines for name in re.findall(r"`([^`]+)`", line)}


def main(old_path, new_path, changelog_path):
    with open(old_path) as file:
        old = yaml.load(file, yaml.CSafeLoader)
    with open(new_path) as file:
        new = yaml.load(file, yaml.CSafeLoader)
    with open(changelog_path) as file:
        names = declared(file.read())
    found = Comparison(old, new).run()
    undeclared = [one for one in found if one[0] not in names]
    for owner, sentence in undeclared:
        print(f"breaks `{owner}`: {sentence}")
    print(f"{len(found)} breaking changes, {len(undeclared)} of them not declared in the changelog")
    return 1 if undeclared else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
