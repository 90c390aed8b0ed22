//! A curl command for an operation.

use serde_json::Value;

use super::words::{resolved, text};

/// The curl command, on several lines.
pub(super) fn curl(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let origin = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![format!(
        "curl{} \"{origin}{}\"",
        flags(method, operation),
        filled_in(document, path, operation)
    )];
    match scheme(operation) {
        Some("bearerJwt") => lines.push("-H \"Authorization: Bearer $TOKEN\"".into()),
        Some(_) if method == "get" => lines.push("-b cookies.txt".into()),
        Some(_) => lines.push(format!("-b cookies.txt -H \"Origin: {origin}\"")),
        None => {}
    }
    let example = operation.pointer("/requestBody/content/application~1json/example");
    if let Some(example) = example {
        lines.push("-H \"Content-Type: application/json\"".into());
        lines.push(format!("-d '{}'", example.to_string().replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

fn flags(method: &str, operation: &Value) -> String {
    let has_body = operation.get("requestBody").is_some();
    let streams = operation.pointer("/responses/200/content/text~1event-stream").is_some();
    match method {
        "get" if streams => " -N".into(),
        "get" => String::new(),
        "post" if has_body => String::new(),
        other => format!(" -X {}", other.to_uppercase()),
    }
}

fn scheme(operation: &Value) -> Option<&str> {
    operation.pointer("/security/0")?.as_object()?.keys().next().map(String::as_str)
}

/// The path with shell variables, and the required parameters.
fn filled_in(document: &Value, path: &str, operation: &Value) -> String {
    let path =
        path.replace("{id}", "$ID").replace("{messageId}", "$MESSAGE_ID").replace("{token}", "$LINK_TOKEN");
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let required = parameters.map(|parameter| resolved(document, parameter)).filter(|parameter| {
        text(parameter, "in") == "query" && parameter.get("required") == Some(&Value::Bool(true))
    });
    let pairs: Vec<String> = required
        .map(|parameter| {
            let name = text(parameter, "name");
            format!("{name}={}", parameter.get("example").and_then(Value::as_str).unwrap_or("..."))
        })
        .collect();
    if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
}
