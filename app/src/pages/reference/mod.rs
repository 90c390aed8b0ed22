//! `/api/docs`: the API reference.

mod curl;
mod operation;
mod schema;
mod words;

use contract::{Code, Problem, routes, sentence};
use leptos::prelude::*;
use serde_json::Value;

use self::{
    operation::operation,
    schema::named_schema,
    words::{paragraphs, slug, text},
};
use crate::{
    components::{BookLink, PageTitle},
    context::Reference,
};

#[component]
pub(crate) fn ReferencePage() -> impl IntoView {
    let Reference { document, statuses } = use_context()?;
    let tags: Vec<Value> = document.get("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let links = tags.iter().map(|tag| (slug(text(tag, "name")), text(tag, "name").to_owned()));
    let links = links.chain([("schemas".to_owned(), "Schemas".to_owned())]);
    let links = links.chain([("problems".to_owned(), "Problems".to_owned())]);
    let links = links.map(|(id, name)| view! { <li><a href=format!("#{id}")>{name}</a></li> });
    let about = document.pointer("/info/description").and_then(Value::as_str).unwrap_or_default();
    let version = document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (about, contents) = (paragraphs(about), links.collect_view());
    let tags = tags.iter().map(|tag| group(&document, tag)).collect_view();
    Some(view! {
        <PageTitle title="The API" />
        <a class="skip-link" href="#main">"Skip to the page"</a>
        <header class="site-header site-header--bar"><BookLink /></header>
        <main id="main" tabindex="-1">
            <div class="page reference">
                <h1>"The API"</h1>
                {about}
                <p>
                    "Version "{version}", as "<a href=routes::OPENAPI>"OpenAPI 3.1"</a>" and as "
                    <a href=routes::OPENAPI_3_0>"OpenAPI 3.0"</a>" for tools that know no more."
                </p>
                <nav aria-label="On this page"><ul class="reference__contents">{contents}</ul></nav>
                {tags}
                {schemas(&document)}
                {problems(statuses)}
            </div>
        </main>
        <footer class="page-footer page-footer--wide"><p>"This page is made from the same description that the server keeps to."</p></footer>
    })
}

/// The operations of one tag.
fn group(document: &Value, tag: &Value) -> AnyView {
    let name = text(tag, "name").to_owned();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, it)| (path, method, it))
    });
    let belongs = |it: &Value| it.pointer("/tags/0").and_then(Value::as_str) == Some(name.as_str());
    let operations = operations
        .filter(|(_, _, it)| belongs(it))
        .map(|(path, method, it)| operation(document, method, path, it))
        .collect_view();
    let id = slug(&name);
    view! {
        <section class="section" id=id>
            <h2>{name}</h2>
            {paragraphs(text(tag, "description"))}
            <div class="reference__list">{operations}</div>
        </section>
    }
    .into_any()
}

fn schemas(document: &Value) -> AnyView {
    let named = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    let named = named.map(|(name, schema)| named_schema(name, schema)).collect_view();
    view! {
        <section class="section" id="schemas">
            <h2>"Schemas"</h2>
            <p>"What is sent and answered. A member marked with an asterisk is always there."</p>
            <div class="reference__list">{named}</div>
        </section>
    }
    .into_any()
}

/// All error codes; the `type` of a problem document links here.
fn problems(statuses: fn(Code) -> Vec<u16>) -> AnyView {
    let mut names: Vec<&str> = Code::ALL.iter().filter_map(|code| code.wire()).collect();
    names.sort_unstable();
    names.dedup();
    let entries = names.into_iter().map(|name| {
        let codes: Vec<Code> = Code::ALL.iter().copied().filter(|code| code.wire() == Some(name)).collect();
        let each = |of: &dyn Fn(Code) -> String| {
            let mut all: Vec<String> = codes.iter().map(|code| of(*code)).collect();
            all.dedup();
            all
        };
        let mut numbers: Vec<u16> = codes.iter().flat_map(|code| statuses(*code)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
        let said = each(&|code| sentence(&Problem::new(code))).join(" ");
        let message = each(&|code| code.message().trim_end_matches('.').to_owned()).join(". ");
        view! {
            <div class="reference__member" id=name>
                <dt><code>{name}</code>" "<span class="tag">{numbers.join(", ")}</span></dt>
                <dd>{message}". "<q>{said}</q></dd>
            </div>
        }
    });
    view! {
        <section class="section" id="problems">
            <h2>"Problems"</h2>
            <p>"Every code, with its status, what it means, and what a page tells a reader. Codes are stable; words are not."</p>
            <dl class="reference__members">{entries.collect_view()}</dl>
        </section>
    }
    .into_any()
}
