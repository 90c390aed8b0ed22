//! `POST /conversations/-/...`. Each form names its conversation, and the page it is on as `next`.

use contract::{
    Code, LocalPath, Problem,
    conversations::{ConversationChange, ConversationStatus, FeedbackValue, ItemId, NewFeedback},
    routes,
};
use domain::Flash;
use leptos::prelude::*;

use super::{
    super::{Refusal, finish_form, redirect_to, signed_in},
    request_context,
};
use crate::{FormFields, ResponseEffects, context::RequestContext, fragments::FormError};

/// Gives a conversation a name; an empty one takes it away.
#[server(prefix = "", endpoint = "/conversations/-/rename")]
pub async fn rename_conversation(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let title = Some(Some(form.hidden_field("title").to_owned()));
    let outcome =
        change_of(&context, &form, ConversationChange { title, ..ConversationChange::default() }).await;
    finish_form(&context, form, outcome)
}

/// Puts a conversation away.
#[server(prefix = "", endpoint = "/conversations/-/archive")]
pub async fn archive_conversation(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome =
        set_status(&context, &form, ConversationStatus::Archived, Flash::ConversationArchived).await;
    finish_form(&context, form, outcome)
}

/// Takes a conversation out again that was put away.
#[server(prefix = "", endpoint = "/conversations/-/unarchive")]
pub async fn unarchive_conversation(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome =
        set_status(&context, &form, ConversationStatus::Active, Flash::ConversationUnarchived).await;
    finish_form(&context, form, outcome)
}

/// Hides a conversation, which is gone for good ten minutes later.
#[server(prefix = "", endpoint = "/conversations/-/delete")]
pub async fn delete_conversation(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let id = form.hidden_field("conversation");
        context.services.conversations.delete(&signed_in(&context)?.user.id, id).await?;
        set_flash(&context, Flash::ConversationDeleted(id.to_owned())).await;
        // The page of a conversation that is gone has nothing to show.
        let page = form.page_of_conversations();
        let of_one = page.strip_prefix(routes::CONVERSATIONS).is_some_and(|rest| rest.starts_with('/'));
        Ok::<_, Refusal>(redirect_to(if of_one { routes::CONVERSATIONS } else { &page }))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}

/// Brings a conversation back that was deleted in the last ten minutes.
#[server(prefix = "", endpoint = "/conversations/-/restore")]
pub async fn restore_conversation(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let id = form.hidden_field("conversation");
        context.services.conversations.restore(&signed_in(&context)?.user.id, id).await?;
        set_flash(&context, Flash::ConversationRestored(id.to_owned())).await;
        Ok::<_, Refusal>(back(&form))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}

/// Shows another branch of a conversation from now on.
#[server(prefix = "", endpoint = "/conversations/-/head")]
pub async fn choose_branch(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = match ItemId::parse("head", form.hidden_field("head")) {
        Ok(head) => {
            let change = ConversationChange { head_id: Some(head), ..ConversationChange::default() };
            change_of(&context, &form, change).await
        }
        Err(_) => Err(Problem::new(Code::MessageNotFound).into()),
    };
    finish_form(&context, form, outcome)
}

/// Says whether a message was of help: `1`, `-1`, or `0` to take it back.
#[server(prefix = "", endpoint = "/conversations/-/feedback")]
pub async fn give_feedback(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let id = form.hidden_field("conversation");
        let message = form.hidden_field("message");
        let (user_id, conversations) = (&signed_in(&context)?.user.id, &context.services.conversations);
        let value = match form.hidden_field("value") {
            "1" => Some(FeedbackValue::Good),
            "-1" => Some(FeedbackValue::Bad),
            "0" => None,
            _ => return Err(Problem::new(Code::MalformedRequest).into()),
        };
        match value {
            Some(value) => {
                let feedback = NewFeedback { value, comment: None, tags: Vec::new() };
                conversations.set_feedback(user_id, id, message, feedback).await?;
            }
            None => {
                conversations.clear_feedback(user_id, id, message).await?;
            }
        }
        Ok::<_, Refusal>(back(&form))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}

async fn set_status(
    context: &RequestContext,
    form: &FormFields,
    status: ConversationStatus,
    notice: fn(String) -> Flash,
) -> Result<ResponseEffects, Refusal> {
    let change = ConversationChange { status: Some(status), ..ConversationChange::default() };
    let done = change_of(context, form, change).await?;
    set_flash(context, notice(form.hidden_field("conversation").to_owned())).await;
    Ok(done)
}

async fn change_of(
    context: &RequestContext,
    form: &FormFields,
    change: ConversationChange,
) -> Result<ResponseEffects, Refusal> {
    let id = form.hidden_field("conversation");
    context.services.conversations.update(&signed_in(context)?.user.id, id, change).await?;
    Ok(back(form))
}

/// Leaves a notice for the next page.
async fn set_flash(context: &RequestContext, notice: Flash) {
    if let Some(signed_in) = &context.reader.signed_in {
        context.services.sessions.browser_state(&signed_in.session).set(notice).await;
    }
}

/// Back to the page the form is on.
fn back(form: &FormFields) -> ResponseEffects {
    ResponseEffects { go_to: LocalPath::parse(&form.page_of_conversations()), ..ResponseEffects::default() }
}
