//! Reasoning and tool calls inside the text of Open WebUI's answers, which are HTML elements of the type `details`.

use contract::conversations::RawJson;
use serde_json::{Value, json};

const BEGIN: &str = "<details type=\"";
const END: &str = "</details>";

/// The parts of an answer. An element of an unknown type, or one without an end, stays text.
pub(super) fn content_parts(content: &str) -> Vec<RawJson> {
    let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), content);
    while let Some(at) = rest.find(BEGIN) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        let element = from.find(END).and_then(|end| from.split_at_checked(end));
        let Some((element, behind)) = element else {
            rest = from;
            break;
        };
        rest = behind.get(END.len()..).unwrap_or_default();
        let found = element_parts(element);
        if found.is_empty() {
            text.push_str(element);
            text.push_str(END);
        } else {
            push_text(&mut parts, &mut text);
            parts.extend(found);
        }
    }
    text.push_str(rest);
    push_text(&mut parts, &mut text);
    parts
}

fn push_text(parts: &mut Vec<RawJson>, text: &mut String) {
    let trimmed = text.trim_matches('\n');
    if !trimmed.trim().is_empty() {
        parts.push(RawJson::of(&json!({ "type": "text", "text": trimmed })));
    }
    text.clear();
}

/// The parts of one element.
fn element_parts(element: &str) -> Vec<RawJson> {
    let Some((opening, body)) = element.split_once('>') else { return Vec::new() };
    match attribute(opening, "type").as_deref() {
        Some("reasoning") => {
            let body = body.split_once("</summary>").map_or(body, |(_, body)| body);
            let line = |line: &str| {
                unescaped(
                    line.strip_prefix("&gt;")
                        .or_else(|| line.strip_prefix('>'))
                        .unwrap_or(line)
                        .trim_start_matches(' '),
                )
            };
            let lines: Vec<String> = body.trim().lines().map(line).collect();
            vec![RawJson::of(&json!({ "type": "reasoning", "text": lines.join("\n") }))]
        }
        Some("tool_calls") => {
            let Some(id) = attribute(opening, "id") else { return Vec::new() };
            let name = attribute(opening, "name").unwrap_or_else(|| "tool".to_owned());
            let json = |text: String| serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text));
            let input = attribute(opening, "arguments").map_or(Value::Null, json);
            let call = json!({ "type": "tool-call", "toolCallId": id, "toolName": name, "input": input });
            let output = attribute(opening, "result").filter(|text| !text.is_empty()).map(json);
            let result =
                output.map(|output| json!({ "type": "tool-result", "toolCallId": id, "output": output }));
            [Some(call), result].into_iter().flatten().map(|part| RawJson::of(&part)).collect()
        }
        _ => Vec::new(),
    }
}

/// An attribute of an opening tag, unescaped.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| unescaped(value))
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Value {
        content_parts(content).iter().map(|part| part.read::<Value>().unwrap()).collect()
    }

    #[test]
    fn reasoning_and_tools_are_taken_out_of_the_text() {
        let content = "<details type=\"reasoning\" done=\"true\" duration=\"3\">\n<summary>Thought for 3 seconds</summary>\n&gt; One.\n&gt; 1 &lt; 2\n</details>\nBefore\n\
            <details type=\"tool_calls\" done=\"true\" id=\"c1\" name=\"search\" arguments=\"{&quot;q&quot;:&quot;a &amp; b&quot;}\" result=\"&quot;found&quot;\">\n<summary>Tool Executed</summary>\n</details>\nAfter";
        assert_eq!(
            read(content),
            json!([
                { "type": "reasoning", "text": "One.\n1 < 2" },
                { "type": "text", "text": "Before" },
                { "type": "tool-call", "toolCallId": "c1", "toolName": "search", "input": { "q": "a & b" } },
                { "type": "tool-result", "toolCallId": "c1", "output": "found" },
                { "type": "text", "text": "After" },
            ])
        );
    }

    #[test]
    fn other_elements_stay_text() {
        for content in [
            "<details type=\"new\">x</details> y",
            "<details type=\"reasoning\" done=\"false\">open",
            "a <details>b</details>",
        ] {
            assert_eq!(read(content), json!([{ "type": "text", "text": content }]));
        }
        assert_eq!(read(" \n"), json!([]));
    }
}
