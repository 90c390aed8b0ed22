//! `/conversations/-/import`: a form for a file of conversations, and what came of it.

use contract::{conversations::RejectedConversation, routes};
use leptos::prelude::*;

use super::access::signed_in_or_leave;
use crate::{
    components::{Entry, FieldErrors, PageLayout, Section},
    context::{ImportedFile, RequestContext},
};

/// How many of the conversations that were not imported are listed.
const SHOWN: usize = 200;

#[component]
pub(crate) fn ImportPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    signed_in_or_leave(&context, routes::IMPORT_CONVERSATIONS)?;
    let max = context.services.conversations.limits().import_bytes;
    let imported = use_context::<ImportedFile>();
    let is_done = imported.is_some();
    Some(view! {
        <PageLayout
            heading="Import conversations"
            at=Entry::Conversation
            field_errors=FieldErrors::of_request()
            context
            help="A conversation that you have already is not imported twice, so you can send a file again."
        >
            {imported.map(|imported| view! { <Outcome imported /> })}
            <Section heading=if is_done { "Another file" } else { "Choose a file" }>
                <ImportForm max />
            </Section>
            <Section heading="Where you get the file">
                <Origins />
            </Section>
        </PageLayout>
    })
}

#[component]
fn ImportForm(
    /// The largest file, in bytes.
    max: usize,
) -> impl IntoView {
    let hint = format!("At most {}. A ZIP file has to be unpacked first.", size(max));
    view! {
        <form class="form" method="post" action=routes::IMPORT_CONVERSATIONS enctype="multipart/form-data">
            <div class="field">
                <label class="field__label" for="file">"File of conversations"</label>
                <p class="field__hint" id="file-hint">{hint}</p>
                <input
                    class="field__input"
                    id="file"
                    name="file"
                    type="file"
                    accept=".json,application/json"
                    required
                    aria-describedby="file-hint"
                />
            </div>
            <div class="actions actions--start">
                <button class="button" type="submit">"Import"</button>
                <a class="button button--quiet" href=routes::CONVERSATIONS>"All conversations"</a>
            </div>
        </form>
    }
}

/// A size in words, in whole units where it is one.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{} KB", bytes / 1024),
        _ => format!("{} MB", bytes / 0x10_0000),
    }
}

#[component]
fn Origins() -> impl IntoView {
    view! {
        <div class="prose">
            <ul>
                <li>
                    <strong>"ChatGPT"</strong>
                    ": Settings, Data controls, Export data. You get a ZIP file by mail; "
                    <code>"conversations.json"</code>
                    " is in it."
                </li>
                <li>
                    <strong>"Claude"</strong>
                    ": Settings, Privacy, Export data. Here it is "
                    <code>"conversations.json"</code>
                    " as well."
                </li>
                <li>
                    <strong>"Open WebUI"</strong>
                    ": Settings, Chats, Export chats."
                </li>
                <li>
                    <strong>"Another book"</strong>
                    " with these pages: the file "
                    <code>"conversations.json"</code>
                    " among your data there."
                </li>
            </ul>
        </div>
    }
}

/// What came of a file.
#[component]
fn Outcome(imported: ImportedFile) -> impl IntoView {
    let ImportedFile { imported, stopped } = imported;
    let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let new = length(imported.conversations.iter().filter(|it| it.added > 0).count());
    let known = length(imported.conversations.len()) - new;
    let messages: i64 = imported.conversations.iter().map(|it| it.added).sum();
    let without_raw: i64 = imported.conversations.iter().map(|it| it.without_raw).sum();
    let summary = match (new, imported.refused.len()) {
        (0, 0) if known == 0 => "There is no conversation in this file.".to_owned(),
        (0, _) => "Nothing new was imported.".to_owned(),
        _ => format!("{} with {} imported.", counted(new, "conversation"), counted(messages, "message")),
    };
    let known = (known > 0).then(|| format!("{} had nothing new.", counted(known, "conversation")));
    let without_raw = (without_raw > 0).then(|| {
        format!(
            "{} too long to keep the form that they had in the file; all that they say is here.",
            match without_raw {
                1 => "1 message was".to_owned(),
                count => format!("{count} messages were"),
            }
        )
    });
    let total = imported.refused.len();
    let more = (total > SHOWN).then(|| format!("And {} more.", total - SHOWN));
    let refused = (total > 0).then(|| {
        let rows = imported.refused.into_iter().take(SHOWN).map(refused_row).collect_view();
        view! {
            <p><strong>{format!("{} could not be imported:", counted(length(total), "conversation"))}</strong></p>
            <ul class="list">{rows}</ul>
            {more.map(|more| view! { <p>{more}</p> })}
        }
    });
    view! {
        <section class="section" role="status" id="outcome">
            <h2>"What was imported"</h2>
            {stopped.map(|stopped| view! { <p><strong>{stopped}</strong></p> })}
            <p>{summary}</p>
            {known.map(|known| view! { <p>{known}</p> })}
            {without_raw.map(|words| view! { <p>{words}</p> })}
            {refused}
        </section>
    }
}

fn counted(count: i64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn refused_row(refused: RejectedConversation) -> impl IntoView {
    let RejectedConversation { id, title, position, reason } = refused;
    let name = title.filter(|title| !title.trim().is_empty()).or(id);
    let name = name.unwrap_or_else(|| format!("Number {position} in the file"));
    view! {
        <li class="list__item">
            <p class="list__title"><bdi>{name}</bdi></p>
            <p class="list__meta"><bdi>{reason}</bdi></p>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use contract::conversations::{ConversationId, Imported, ImportedConversation};

    use super::*;

    #[test]
    fn the_outcome_counts_what_came_in_and_says_why_the_rest_did_not() {
        let conversation = |id: &str, added: i64| ImportedConversation {
            id: ConversationId::stored(id.to_owned()),
            title: None,
            messages: 2,
            added,
            without_raw: 0,
        };
        let refused = |title: Option<&str>| RejectedConversation {
            id: None,
            title: title.map(str::to_owned),
            position: 3,
            reason: "this seems to be a conversation of Grok, which cannot be imported".to_owned(),
        };
        let imported = Imported {
            conversations: vec![conversation("a", 2), conversation("b", 0)],
            refused: vec![refused(Some("<b>")), refused(None)],
        };
        let html = view! { <Outcome imported=ImportedFile { imported, stopped: None } /> }.to_html();
        for words in [
            "1 conversation with 2 messages imported.",
            "1 conversation had nothing new.",
            "2 conversations could not be imported",
            "&lt;b&gt;",
            "Number 3 in the file",
            "a conversation of Grok",
        ] {
            assert!(html.contains(words), "{words}: {html}");
        }
        let nothing =
            ImportedFile { imported: Imported::default(), stopped: Some("Send it again.".to_owned()) };
        let html = view! { <Outcome imported=nothing /> }.to_html();
        assert!(html.contains("no conversation in this file") && html.contains("Send it again."), "{html}");
    }
}
