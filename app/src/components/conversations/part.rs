//! The parts of a message. Text is Markdown; reasoning, tools and unknown parts are collapsed.

use contract::conversations::{Part, RawJson};
use leptos::prelude::*;

use super::source::{Sources, web_address};
use markdown::to_html;

/// The most bytes of JSON shown.
const SHOWN: usize = 4096;

/// Renders the parts of a message in order.
pub(super) fn render_parts(message: &str, parts: &[Part], sources: &Sources<'_>) -> impl IntoView + use<> {
    let tools = ToolNames::of(parts);
    let parts = parts.iter().enumerate().map(|(at, part)| {
        let prefix = format!("m-{message}-{at}");
        match part {
            Part::Text { text, citations } => {
                let html = to_html(text, &prefix, &sources.marks(citations));
                view! { <div class="prose" inner_html=html></div> }.into_any()
            }
            Part::Reasoning { text } => {
                let html = to_html(text, &prefix, &[]);
                let body = view! { <div class="prose" inner_html=html></div> };
                view! { <Folded summary="Reasoning".to_owned()>{body}</Folded> }.into_any()
            }
            Part::File { url, media_type, filename } => file(url, media_type, filename.as_deref()).into_any(),
            Part::ToolCall { tool_name, input, .. } => {
                let summary = format!("Used a tool: {}", shortened(tool_name));
                let json = input.clone();
                view! { <Folded summary><Json json /></Folded> }.into_any()
            }
            Part::ToolResult { tool_call_id, output, error_text } => {
                let of = tools.named(tool_call_id);
                result(of, output.as_ref(), error_text.as_deref()).into_any()
            }
            Part::Other { kind } => {
                view! { <p class="message__status">"A part this page cannot show: "<code>{kind.clone()}</code></p> }
                    .into_any()
            }
            // Rendered as footnotes.
            Part::Source(_) => ().into_any(),
        }
    });
    parts.collect_view()
}

/// The name of the called tool.
struct ToolNames<'a>(Vec<(&'a str, &'a str)>);

impl<'a> ToolNames<'a> {
    fn of(parts: &'a [Part]) -> Self {
        let call = |part: &'a Part| match part {
            Part::ToolCall { tool_call_id, tool_name, .. } => {
                Some((tool_call_id.as_str(), tool_name.as_str()))
            }
            _ => None,
        };
        Self(parts.iter().filter_map(call).collect())
    }

    fn named(&self, id: &str) -> Option<&'a str> {
        self.0.iter().find(|(call, _)| *call == id).map(|(_, name)| *name)
    }
}

fn result(tool: Option<&str>, output: Option<&RawJson>, error: Option<&str>) -> impl IntoView + use<> {
    let tool = tool.map(shortened);
    let summary = if error.is_some() {
        format!("{} failed", tool.as_deref().unwrap_or("The tool"))
    } else {
        format!("What {} returned", tool.as_deref().unwrap_or("the tool"))
    };
    let error = error.map(|error| view! { <p>{cut(error)}</p> });
    let output = output.map(|output| view! { <Json json=output.clone() /> });
    view! { <Folded summary>{error}{output}</Folded> }
}

fn file(url: &str, media_type: &str, filename: Option<&str>) -> impl IntoView + use<> {
    let name = shortened(filename.unwrap_or("File"));
    let link = match web_address(url) {
        Some(address) => {
            view! { <a href=String::from(address) rel="noreferrer" dir="auto">{name}</a> }.into_any()
        }
        None => view! { <bdi>{name}</bdi> }.into_any(),
    };
    view! { <p class="message__file">{link}" "<span class="sources__site">{shortened(media_type)}</span></p> }
}

/// A collapsed section with a summary line.
#[component]
pub(super) fn Folded(summary: String, children: Children) -> impl IntoView {
    view! {
        <details class="disclosure message__details">
            <summary><bdi>{summary}</bdi></summary>
            <div class="message__details-body">{children()}</div>
        </details>
    }
}

/// Indented JSON, truncated.
#[component]
fn Json(json: RawJson) -> impl IntoView {
    let value = json.read::<serde_json::Value>();
    let set_out = match value {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        Err(_) => json.as_str().to_owned(),
    };
    view! { <div class="code"><pre class="code__box" tabindex="0" dir="ltr"><code>{cut(&set_out)}</code></pre></div> }
}

/// A text, truncated with an ellipsis.
fn cut(text: &str) -> String {
    let shown = text.get(..text.floor_char_boundary(SHOWN)).unwrap_or_default();
    let rest = text.len() - shown.len();
    if rest == 0 { shown.to_owned() } else { format!("{shown}\n… and {rest} bytes more") }
}

fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_tool_is_said_by_its_name() {
        for (tool, error, words) in [
            (Some("search_book"), None, "What search_book returned"),
            (Some("run_simulation"), Some("No room"), "run_simulation failed"),
            (None, None, "What the tool returned"),
            (None, Some("No room"), "The tool failed"),
        ] {
            let html = result(tool, None, error).to_html();
            assert!(html.contains(&format!("<bdi>{words}</bdi>")), "{html}");
        }
    }
}
