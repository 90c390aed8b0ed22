//! Conversion from OpenAPI 3.1 to 3.0.3, whose schemas are an older dialect of JSON Schema.

use serde_json::{Map, Value, json};

/// The same document in OpenAPI 3.0.3.
pub fn to_3_0(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(top) = document.as_object_mut() {
        top.insert("openapi".into(), json!("3.0.3"));
        for newer in ["webhooks", "jsonSchemaDialect"] {
            top.shift_remove(newer);
        }
    }
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        info.shift_remove("summary");
        if let Some(license) = info.get_mut("license").and_then(Value::as_object_mut) {
            license.shift_remove("identifier");
        }
    }
    let named = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    named.into_iter().flat_map(Map::values_mut).for_each(schema);
    find_schemas(&mut document);
    document
}

/// Rewrites the schemas in the document, apart from examples and the named ones.
fn find_schemas(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "example" | "examples" | "schemas" => {}
                    "schema" => schema(member),
                    _ => find_schemas(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(find_schemas),
        _ => {}
    }
}

/// Rewrites a schema and those in it.
fn schema(value: &mut Value) {
    let Some(members) = value.as_object_mut() else { return };
    for inner in ["properties", "patternProperties"] {
        let inner = members.get_mut(inner).and_then(Value::as_object_mut);
        inner.into_iter().flat_map(Map::values_mut).for_each(schema);
    }
    for inner in ["items", "additionalProperties", "not"] {
        if let Some(inner) = members.get_mut(inner) {
            schema(inner);
        }
    }
    for inner in ["oneOf", "anyOf", "allOf"] {
        let inner = members.get_mut(inner).and_then(Value::as_array_mut);
        inner.into_iter().flatten().for_each(schema);
    }
    constant(members);
    examples(members);
    kinds(members);
    null_among(members, "oneOf");
    null_among(members, "anyOf");
    exclusive(members, "exclusiveMinimum", "minimum");
    exclusive(members, "exclusiveMaximum", "maximum");
    move_ref_siblings(members);
    for newer in NEWER {
        members.shift_remove(newer);
    }
}

/// Keywords that 3.0 does not have; they only narrow a schema, so leaving them out is safe.
const NEWER: [&str; 13] = [
    "$schema",
    "$comment",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "prefixItems",
    "contentEncoding",
    "contentMediaType",
    "dependentRequired",
    "if",
    "then",
    "else",
];

/// `const` becomes an `enum` of one value.
fn constant(members: &mut Map<String, Value>) {
    if let Some(value) = members.shift_remove("const") {
        let kind = match &value {
            Value::Bool(_) => Some("boolean"),
            Value::String(_) => Some("string"),
            Value::Number(number) => Some(if number.is_i64() { "integer" } else { "number" }),
            _ => None,
        };
        if let Some(kind) = kind {
            members.entry("type").or_insert_with(|| json!(kind));
        }
        members.insert("enum".into(), json!([value]));
    }
}

/// `examples` becomes `example`, with the first of them.
fn examples(members: &mut Map<String, Value>) {
    let first = members.shift_remove("examples").and_then(|it| it.as_array()?.first().cloned());
    if let Some(first) = first {
        members.insert("example".into(), first);
    }
}

/// A list of types: `null` becomes `nullable`, several others become `anyOf`.
fn kinds(members: &mut Map<String, Value>) {
    let kinds = match members.get("type") {
        Some(Value::Array(kinds)) => kinds.clone(),
        // 3.0 has no type `null`.
        Some(kind) if kind == "null" => {
            members.shift_remove("type");
            members.insert("enum".into(), json!([null]));
            members.insert("nullable".into(), json!(true));
            return;
        }
        _ => return,
    };
    let (nulls, others): (Vec<Value>, Vec<Value>) = kinds.into_iter().partition(|kind| kind == "null");
    match others.as_slice() {
        [one] => {
            members.insert("type".into(), one.clone());
        }
        several => {
            members.shift_remove("type");
            let choice: Vec<Value> = several.iter().map(|kind| json!({ "type": kind })).collect();
            members.insert("anyOf".into(), json!(choice));
        }
    }
    if !nulls.is_empty() {
        members.insert("nullable".into(), json!(true));
    }
}

/// A choice that includes `null` becomes the rest of it, `nullable`.
fn null_among(members: &mut Map<String, Value>, choice: &str) {
    let Some(options) = members.get_mut(choice).and_then(Value::as_array_mut) else { return };
    let all = options.len();
    // `{"type": "null"}` has been rewritten to this by `kinds`.
    let null = json!({ "enum": [null], "nullable": true });
    options.retain(|option| *option != null);
    if options.len() == all {
        return;
    }
    if options.len() == 1
        && let Some(one) = members.shift_remove(choice)
    {
        members.insert("allOf".into(), one);
    }
    members.insert("nullable".into(), json!(true));
}

/// An exclusive bound becomes a flag beside the inclusive one.
fn exclusive(members: &mut Map<String, Value>, name: &str, inclusive: &str) {
    if let Some(bound) = members.get(name).filter(|bound| bound.is_number()).cloned() {
        members.insert(inclusive.into(), bound);
        members.insert(name.into(), json!(true));
    }
}

/// 3.0 ignores the siblings of a `$ref`, so the reference moves into `allOf`.
fn move_ref_siblings(members: &mut Map<String, Value>) {
    if members.len() > 1
        && let Some(reference) = members.shift_remove("$ref")
    {
        members.insert("allOf".into(), json!([{ "$ref": reference }]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(mut given: Value) -> Value {
        schema(&mut given);
        given
    }

    #[test]
    fn null_becomes_nullable() {
        assert_eq!(
            down(json!({ "type": ["string", "null"] })),
            json!({ "type": "string", "nullable": true })
        );
        assert_eq!(
            down(json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/a" }], "description": "d" })),
            json!({ "description": "d", "allOf": [{ "$ref": "#/a" }], "nullable": true })
        );
        assert_eq!(
            down(json!({ "anyOf": [{ "type": "null" }, { "$ref": "#/a" }, { "$ref": "#/b" }] })),
            json!({ "anyOf": [{ "$ref": "#/a" }, { "$ref": "#/b" }], "nullable": true })
        );
    }

    #[test]
    fn newer_keywords_become_older_ones() {
        assert_eq!(down(json!({ "const": true })), json!({ "type": "boolean", "enum": [true] }));
        assert_eq!(down(json!({ "examples": [1, 2] })), json!({ "example": 1 }));
        assert_eq!(down(json!({ "exclusiveMinimum": 3 })), json!({ "minimum": 3, "exclusiveMinimum": true }));
        assert_eq!(
            down(json!({ "$ref": "#/a", "description": "d" })),
            json!({ "description": "d", "allOf": [{ "$ref": "#/a" }] })
        );
        assert_eq!(down(json!({ "$ref": "#/a" })), json!({ "$ref": "#/a" }));
    }

    #[test]
    fn properties_named_like_keywords_stay() {
        let given =
            json!({ "properties": { "const": { "type": "string" }, "examples": { "type": "array" } } });
        assert_eq!(down(given.clone()), given);
    }
}
