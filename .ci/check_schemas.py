"""Check JSON outputs against docs/schema: check_schemas.py [--every-form] [FILE...]

Each FILE is validated by its "schema" field, an array element by element. Before that, and without any
file: every schema is one, every property says what it is, every example fits, the measures of a
measurement are the catalog's, and every form that the sources name has a schema. With --every-form an output
of each must be among the files.
"""

import json
import pathlib
import re
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Forms of the store and of checkpoints, read by this program alone.
INTERNAL = {"repshape.manifest/1", "repshape.study-spec/1", "repshape.failure/1", "repshape.checkpoint/1"}


def load_schemas():
    """Schemas by the name that outputs carry in their "schema" field."""
    schemas = {}
    for path in sorted((ROOT / "docs/schema").glob("*.schema.json")):
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        name = schema["properties"]["schema"]["const"]
        stem, version = re.fullmatch(r"repshape\.([a-z-]+)/(\d+)", name).groups()
        assert path.name == f"{stem}.schema.json", f"{path.name} holds the schema of {name}"
        assert schema["$id"] == f"urn:repshape:{stem}:{version}", f"{path.name}: $id is {schema['$id']}"
        schemas[name] = schema
    return schemas


def undescribed(schema, place):
    """Places of properties that say nothing about themselves."""
    if isinstance(schema, dict):
        for name, property_ in schema.get("properties", {}).items():
            if isinstance(property_, dict) and not {"if", "allOf"} & set(place):
                if "description" not in property_:
                    yield "/".join([*place, name])
        for key, inner in schema.items():
            if key not in ("examples", "if", "then", "else", "allOf"):
                yield from undescribed(inner, [*place, key])


def errors(value, schemas, registry, where):
    """What is wrong with one output, a line each."""
    if isinstance(value, list):
        if not value:
            yield f"{where}: an empty array"
        for at, element in enumerate(value):
            yield from errors(element, schemas, registry, f"{where}[{at}]")
        return
    name = value.get("schema") if isinstance(value, dict) else None
    if name not in schemas:
        yield f"{where}: schema is {name!r}, expected one of {', '.join(schemas)}"
        return
    validator = Draft202012Validator(schemas[name], registry=registry)
    for error in validator.iter_errors(value):
        yield f"{where}: {name} at {error.json_path}: {error.message[:200]}"


def refuse_constant(text):
    raise ValueError(f"{text} is no JSON")


def main():
    schemas = load_schemas()
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    found = []
    for name, schema in schemas.items():
        found += [f"{name}: {place} has no description" for place in undescribed(schema, [])]
        examples = schema.get("examples", [])
        if not examples:
            found.append(f"{name}: no example")
        for at, example in enumerate(examples):
            found += errors(example, schemas, registry, f"example {at}")

    catalog = (ROOT / "crates/repshape-stats/src/measure/catalog.rs").read_text()
    catalog = re.findall(r'^    "(\w+)": "([^"]+)",$', catalog, re.MULTILINE)
    measures = schemas["repshape.measurement/1"]["properties"]["measures"]["properties"]
    if [name for name, _ in catalog] != list(measures):
        odd = set(measures) ^ {name for name, _ in catalog}
        found.append(f"measures of the schema and of the catalog differ: {sorted(odd) or 'in their order'}")
    for name, definition in catalog:
        if name in measures and not measures[name]["description"].startswith(f"{definition}; "):
            found.append(f"measure {name}: the schema's description should begin with the catalog's: {definition}")

    named = set()
    for path in ROOT.glob("crates/*/src/**/*.rs"):
        named |= set(re.findall(r'"(repshape\.[a-z-]+/\d+)"', path.read_text()))
    found += [f"{name}: named in the sources, not in docs/schema" for name in sorted(named - set(schemas) - INTERNAL)]

    counts = {}
    every_form = "--every-form" in sys.argv[1:]
    for file in (argument for argument in sys.argv[1:] if argument != "--every-form"):
        try:
            value = json.loads(pathlib.Path(file).read_text(), parse_constant=refuse_constant)
        except (OSError, ValueError) as error:
            found.append(f"{file}: {error}")
            continue
        found += errors(value, schemas, registry, file)
        for one in value if isinstance(value, list) else [value]:
            name = one.get("schema") if isinstance(one, dict) else None
            counts[name] = counts.get(name, 0) + 1

    for line in found:
        print(line, file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"{len(schemas)} schemas, {len(catalog)} measures")
    for name, count in sorted(counts.items()):
        print(f"{count:5} {name}")
    if every_form and (absent := set(schemas) - set(counts)):
        sys.exit(f"no output of {', '.join(sorted(absent))} was given")


if __name__ == "__main__":
    main()
