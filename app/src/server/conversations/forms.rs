//! `POST /conversations/-/...`. Each form names its conversation, and the page it is on as `next`.

use contract::{
    Code, Problem,
    conversations::{ConversationChange, ConversationStatus, FeedbackValue, MessageId, NewFeedback},
    routes,
};
use domain::{Flash, Principal};
use leptos::prelude::*;

use super::super::outcome::{FormAccepted, FormRefused};
use crate::{FormFields, context::RequestContext};

/// Gives a conversation a name; an empty one takes it away.
#[server(prefix = "", endpoint = "/conversations/-/rename")]
pub async fn rename_conversation(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let title = Some(Some(form.hidden_field("title").to_owned()));
    change_of(&context, &form, ConversationChange { title, ..ConversationChange::default() }).await
}

/// Puts a conversation away.
#[server(prefix = "", endpoint = "/conversations/-/archive")]
pub async fn archive_conversation(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    set_status(&context, &form, ConversationStatus::Archived, Flash::ConversationArchived).await
}

/// Takes a conversation out again that was put away.
#[server(prefix = "", endpoint = "/conversations/-/unarchive")]
pub async fn unarchive_conversation(
    #[server(flatten)] form: FormFields,
) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    set_status(&context, &form, ConversationStatus::Active, Flash::ConversationUnarchived).await
}

/// Soft-deletes a conversation, which is purged after ten minutes.
#[server(prefix = "", endpoint = "/conversations/-/delete")]
pub async fn delete_conversation(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let id = form.hidden_field("conversation");
    context.services.conversations.delete(Principal::reader(&context.signed_in()?.user.id), id).await?;
    set_flash(&context, Flash::ConversationDeleted(id.to_owned())).await;
    // The page of a conversation that is gone has nothing to show.
    let page = form.page_of_conversations();
    let of_one = page.strip_prefix(routes::CONVERSATIONS).is_some_and(|rest| rest.starts_with('/'));
    Ok(FormAccepted::redirect_to(if of_one { routes::CONVERSATIONS } else { &page }))
}

/// Brings a conversation back that was deleted in the last ten minutes.
#[server(prefix = "", endpoint = "/conversations/-/restore")]
pub async fn restore_conversation(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let id = form.hidden_field("conversation");
    context.services.conversations.restore(Principal::reader(&context.signed_in()?.user.id), id).await?;
    set_flash(&context, Flash::ConversationRestored(id.to_owned())).await;
    Ok(back(&form))
}

/// Shows another branch of a conversation from now on.
#[server(prefix = "", endpoint = "/conversations/-/head")]
pub async fn choose_branch(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let head = MessageId::parse("head", form.hidden_field("head"));
    let head = head.map_err(|_| Problem::new(Code::MessageNotFound))?;
    let change = ConversationChange { head_id: Some(head), ..ConversationChange::default() };
    change_of(&context, &form, change).await
}

/// Says whether a message was of help: `1`, `-1`, or `0` to take it back.
#[server(prefix = "", endpoint = "/conversations/-/feedback")]
pub async fn give_feedback(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let id = form.hidden_field("conversation");
    let message = form.hidden_field("message");
    let reader = Principal::reader(&context.signed_in()?.user.id);
    let conversations = &context.services.conversations;
    let value = match form.hidden_field("value") {
        "1" => Some(FeedbackValue::Good),
        "-1" => Some(FeedbackValue::Bad),
        "0" => None,
        _ => return Err(Problem::new(Code::MalformedRequest).into()),
    };
    match value {
        Some(value) => {
            let feedback = NewFeedback { value, comment: None, tags: Vec::new() };
            conversations.set_feedback(reader, id, message, feedback).await?;
        }
        None => {
            conversations.clear_feedback(reader, id, message).await?;
        }
    }
    Ok(back(&form))
}

async fn set_status(
    context: &RequestContext,
    form: &FormFields,
    status: ConversationStatus,
    flash: fn(String) -> Flash,
) -> Result<FormAccepted, FormRefused> {
    let change = ConversationChange { status: Some(status), ..ConversationChange::default() };
    let done = change_of(context, form, change).await?;
    set_flash(context, flash(form.hidden_field("conversation").to_owned())).await;
    Ok(done)
}

async fn change_of(
    context: &RequestContext,
    form: &FormFields,
    change: ConversationChange,
) -> Result<FormAccepted, FormRefused> {
    let id = form.hidden_field("conversation");
    context
        .services
        .conversations
        .update(Principal::reader(&context.signed_in()?.user.id), id, change)
        .await?;
    Ok(back(form))
}

/// Leaves a flash message for the next page.
async fn set_flash(context: &RequestContext, flash: Flash) {
    if let Some(signed_in) = &context.visitor.signed_in {
        context.services.sessions.browser_state(&signed_in.session).set(flash).await;
    }
}

/// Back to the page the form is on.
fn back(form: &FormFields) -> FormAccepted {
    FormAccepted::redirect_to(&form.page_of_conversations())
}
