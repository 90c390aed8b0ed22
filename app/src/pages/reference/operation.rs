//! One operation, collapsed under its method, path and summary.

use leptos::prelude::*;
use serde_json::Value;

use super::{
    curl::curl,
    schema::kind,
    words::{inline, paragraphs, pretty, resolved, text},
};

/// An operation.
pub(super) fn operation(document: &Value, method: &str, path: &str, it: &Value) -> AnyView {
    let old = (it.get("deprecated") == Some(&Value::Bool(true)))
        .then(|| view! { " "<span class="tag">"Older name"</span> });
    view! {
        <details class="reference__item">
            <summary>
                <h3><span class="reference__method">{method.to_uppercase()}</span>" "<code>{path.to_owned()}</code>{old}</h3>
                <span class="reference__summary">{text(it, "summary").to_owned()}</span>
            </summary>
            <div class="reference__body" id=text(it, "operationId").to_owned()>
                {paragraphs(text(it, "description"))}
                <p class="reference__kind">{callers(it)}</p>
                {parameters(document, it)}
                {body(it)}
                {answers(it)}
                <h4>"Try it"</h4>
                <pre tabindex="0"><code>{curl(document, method, path, it)}</code></pre>
            </div>
        </details>
    }
    .into_any()
}

/// Authentication, as text.
fn callers(operation: &Value) -> String {
    let schemes = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let words =
        schemes.filter_map(Value::as_object).map(|scheme| match scheme.keys().next().map(String::as_str) {
            Some("bearerJwt") => "a reader's token",
            Some(_) => "a session cookie",
            None => "nothing",
        });
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "Needs no session.".into() } else { format!("Needs {}.", words.join(" or ")) }
}

fn parameters(document: &Value, operation: &Value) -> Option<AnyView> {
    let parameters = operation.get("parameters")?.as_array()?;
    let each = parameters.iter().map(|parameter| resolved(document, parameter)).map(|parameter| {
        let star = (parameter.get("required") == Some(&Value::Bool(true))).then_some("*");
        let place = text(parameter, "in").to_owned();
        let kind = parameter.get("schema").map(kind);
        view! {
            <div class="reference__member">
                <dt>
                    <code>{text(parameter, "name").to_owned()}</code>{star}
                    " "<span class="reference__kind">"in the "{place}", "{kind}</span>
                </dt>
                <dd>{inline(text(parameter, "description"))}</dd>
            </div>
        }
    });
    Some(view! { <h4>"Parameters"</h4><dl class="reference__members">{each.collect_view()}</dl> }.into_any())
}

fn body(operation: &Value) -> Option<AnyView> {
    let body = operation.get("requestBody")?;
    let content = body.get("content")?.as_object()?;
    let types = content.keys().cloned().collect::<Vec<_>>().join(" or ");
    let first = content.values().next()?;
    let may = (body.get("required") != Some(&Value::Bool(true))).then_some(", which may be left out");
    Some(
        view! {
            <h4>"Body"</h4>
            <p class="reference__kind">{first.get("schema").map(kind)}" as "{types}{may}</p>
            {first.get("example").map(example)}
        }
        .into_any(),
    )
}

fn answers(operation: &Value) -> Option<AnyView> {
    let responses = operation.get("responses")?.as_object()?;
    let each = responses.iter().map(|(status, response)| {
        let content = response.get("content").and_then(Value::as_object).and_then(|content| content.iter().next());
        let is_good = status.starts_with('2');
        let shown = content.and_then(|(_, media)| media.get("example")).filter(|_| is_good).map(example);
        let what = content.map(|(media_type, media)| {
            view! { " "<span class="reference__kind">{media.get("schema").map(kind)}" as "{media_type.clone()}</span> }
        });
        let words = if is_good || status.starts_with('3') {
            inline(text(response, "description")).into_any()
        } else {
            codes(text(response, "description"))
        };
        view! {
            <div class="reference__member">
                <dt><span class="reference__method">{status.clone()}</span>{what}</dt>
                <dd>{words}{shown}</dd>
            </div>
        }
    });
    Some(view! { <h4>"Answers"</h4><dl class="reference__members">{each.collect_view()}</dl> }.into_any())
}

/// Error codes as links to their descriptions.
fn codes(words: &str) -> AnyView {
    let pieces = words.split('`').enumerate().map(|(at, piece)| {
        let (href, piece) = (format!("#{piece}"), piece.to_owned());
        if at % 2 == 0 {
            piece.into_any()
        } else {
            view! { <a href=href><code>{piece}</code></a> }.into_any()
        }
    });
    pieces.collect_view().into_any()
}

fn example(example: &Value) -> AnyView {
    view! { <pre tabindex="0"><code>{pretty(example)}</code></pre> }.into_any()
}
