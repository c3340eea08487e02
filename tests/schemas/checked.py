# SPDX-License-Identifier: LGPL-2.1-or-later
"""A document against the JSON Schema that is shipped."""

from __future__ import annotations

from typing import Any

import jsonschema
from referencing import Registry, Resource

from inspector.schemas import schema, schema_names


def validator(name: str) -> jsonschema.Draft202012Validator:
    """Of ``inspector.NAME/1``."""
    resources = [Resource.from_contents(schema(each)) for each in schema_names()]
    registry: Registry[Any] = Registry().with_resources(
        (str(resource.id()), resource) for resource in resources
    )
    return jsonschema.Draft202012Validator(schema(name), registry=registry)


def check(name: str, answer: Any) -> None:
    """That ``answer`` is what the schema says."""
    errors = [
        f"{error.json_path}: {error.message[:300]}" for error in validator(name).iter_errors(answer)
    ]
    assert errors == []
