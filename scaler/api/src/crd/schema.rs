//! From a JSON schema to the structural one that Kubernetes takes: no `null`, no other number formats, no titles.

use serde_json::{Map, Value, json};

/// Rewrites a schema in place, and all in it.
pub(super) fn make_structural(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    for said_elsewhere in ["$schema", "title"] {
        fields.remove(said_elsewhere);
    }
    without_null(fields);
    as_kubernetes_formats(fields);
    if fields.get("default") == Some(&Value::Null) {
        fields.remove("default");
    }
    if let Some(Value::String(text)) = fields.get_mut("description") {
        *text = one_line_per_paragraph(text);
    }
    if let Some(items) = fields.get_mut("items") {
        make_structural(items);
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(make_structural);
    }
}

/// Removes the defaults of an object's fields, and of theirs.
pub(super) fn drop_defaults(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    fields.remove("default");
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(drop_defaults);
    }
}

/// An optional field may be left out, which is not the same as `null`: the API server drops nulls before it looks.
fn without_null(fields: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = fields.remove("anyOf") {
        let not_null = choices.into_iter().find(|choice| choice["type"] != "null");
        if let Some(Value::Object(choice)) = not_null {
            for (name, value) in choice {
                fields.entry(name).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// Kubernetes knows no unsigned numbers: theirs are what HPAs and kubectl send.
fn as_kubernetes_formats(fields: &mut Map<String, Value>) {
    if fields.get("format") == Some(&json!("uint32")) {
        fields.insert("format".to_owned(), json!("int32"));
    }
}

/// Lines that were broken for the source are one again; an empty line stays a break between paragraphs.
fn one_line_per_paragraph(text: &str) -> String {
    let paragraphs = text.split("\n\n");
    let lines = paragraphs.map(|paragraph| paragraph.lines().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n\n")
}
