"""Holds descriptions of the API and real answers against each other.

Reads {documents, answers} from standard input: OpenAPI documents, the first of them 3.1, and answers as
{operationId, status, contentType, body}. Writes {"wrong": [sentence, ...]}.
"""

import json
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

HERE = "urn:description"


def response_to(document, answer):
    """Where the schema of an answer stands, as a pointer; None where it is not described."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] != answer["operationId"]:
                continue
            status, kind = str(answer["status"]), answer["contentType"]
            if kind not in operation["responses"].get(status, {}).get("content", {}):
                return None
            steps = ["paths", path, method, "responses", status, "content", kind, "schema"]
            return "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
    return None


def main():
    ask = json.load(sys.stdin)
    newer, older = ask["documents"]
    wrong = [f"3.1: {error.message}" for error in OpenAPIV31SpecValidator(newer).iter_errors()]
    wrong += [f"3.0: {error.message}" for error in OpenAPIV30SpecValidator(older).iter_errors()]
    registry = Registry().with_resource(HERE, DRAFT202012.create_resource(newer))
    for answer in ask["answers"]:
        name = f"{answer['operationId']} {answer['status']}"
        pointer = response_to(newer, answer)
        if pointer is None:
            wrong.append(f"{name}: {answer['contentType']} is not described")
            continue
        schema = {"$ref": f"{HERE}#/{pointer}"}
        errors = Draft202012Validator(schema, registry=registry).iter_errors(answer["body"])
        wrong += [f"{name}: {error.json_path}: {error.message}" for error in errors]
    json.dump({"wrong": wrong}, sys.stdout)


main()
