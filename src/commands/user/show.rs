//! `bookplate user show`.

use contract::{Email, Timestamp};
use domain::{AcceptedTerms, InitialCredential, User, describe_device};
use serde_json::{Value, json};

use super::{AdminContext, CommandError, Output, columns, put};

pub(super) async fn show(context: &AdminContext, user: &User) -> Result<Output, CommandError> {
    let access = context.services.admin.access(user).await?;
    let stored = StoredBytes::of(context, user).await?;
    let terms = context.services.accounts.accepted_terms(user).await?;
    let mut json = body(context, user);
    let methods: Vec<&str> = access.methods.iter().map(|method| method.provider_id.as_str()).collect();
    put(&mut json, "signInMethods", json!(methods));
    put(&mut json, "sessions", sessions(&access));
    put(&mut json, "storedBytes", json!(stored.used));
    put(&mut json, "maxStoredBytes", json!(stored.most));
    let accepted =
        |terms: &AcceptedTerms| json!({ "version": terms.version, "acceptedAt": terms.accepted_at });
    put(&mut json, "acceptedTerms", terms.iter().map(accepted).collect());
    let mut rows = rows(context, user, &access, &stored);
    rows.extend(terms_rows(&terms, context.services.accounts.rules().terms_version.as_deref()));
    rows.extend(access.sessions.iter().map(session_row));
    Ok(Output { text: columns(&rows), json })
}

/// A row for each version of the terms that was accepted, the oldest first, and one for the current version if it was not.
fn terms_rows(terms: &[AcceptedTerms], current: Option<&str>) -> Vec<Vec<String>> {
    let row = |text: String| vec!["terms".to_owned(), text];
    let accepted = |terms: &AcceptedTerms| {
        row(format!("version {} accepted at {}", terms.version, terms.accepted_at.iso()))
    };
    let open = current.filter(|current| terms.iter().all(|terms| terms.version != *current));
    let open = open.map(|current| row(format!("version {current} not accepted yet")));
    terms.iter().map(accepted).chain(open).collect()
}

/// What a reader's conversations take up, and what they may.
struct StoredBytes {
    used: u64,
    most: usize,
}

impl StoredBytes {
    async fn of(context: &AdminContext, user: &User) -> Result<Self, CommandError> {
        let conversations = &context.services.conversations;
        let used = conversations.stored_bytes(&user.id).await?;
        Ok(Self { used, most: conversations.limits().reader_bytes })
    }
}

/// The user as in the JSON API, with the ban.
pub(super) fn body(context: &AdminContext, user: &User) -> Value {
    let mut body = serde_json::to_value(context.services.user_body(user)).unwrap_or_default();
    let ban = &user.ban;
    let moment = |millis: Option<i64>| json!(millis.map(Timestamp::from_millis));
    put(&mut body, "banned", ban.holds(context.services.cleanup.now()).into());
    put(&mut body, "bannedAt", moment(ban.banned_at));
    put(&mut body, "banReason", json!(ban.ban_reason));
    put(&mut body, "banExpires", moment(ban.ban_expires_at));
    body
}

/// The state of an account in one word.
pub(super) fn state(user: &User, now: Timestamp) -> &'static str {
    match (user.ban.holds(now), user.email_verified) {
        (true, _) => "closed",
        (false, true) => "open",
        (false, false) => "unconfirmed",
    }
}

fn sessions(access: &InitialCredential) -> Value {
    let session = |session: &domain::Session| {
        json!({
            "device": describe_device(&session.user_agent),
            "ipAddress": session.ip_address,
            "createdAt": session.created_at,
            "lastSeenAt": session.last_seen_at,
            "expiresAt": session.expires_at,
        })
    };
    access.sessions.iter().map(session).collect()
}

fn rows(
    context: &AdminContext,
    user: &User,
    access: &InitialCredential,
    stored: &StoredBytes,
) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: &str| rows.push(vec![name.to_owned(), value.to_owned()]);
    let shown = Email::display(&user.email);
    let in_ascii = if shown == user.email { String::new() } else { format!(" ({})", user.email) };
    row("address", &format!("{shown}{in_ascii}"));
    row("confirmed", if user.email_verified { "yes" } else { "no" });
    row("id", &user.id);
    row("name", &user.name);
    row("picture", user.image.as_deref().unwrap_or_default());
    row("state", &ban(user, context.services.cleanup.now()));
    row("made", &user.created_at.iso());
    row("changed", &user.updated_at.iso());
    row("signs in with", &methods(access));
    row("conversations", &format!("{} of {} bytes", stored.used, stored.most));
    for question in context.services.questions.iter() {
        let answer = user.answers.get(&question.name).unwrap_or_default();
        rows.push(vec![question.name.clone(), answer.to_owned()]);
    }
    rows
}

fn session_row(session: &domain::Session) -> Vec<String> {
    let device = describe_device(&session.user_agent);
    let seen = session.last_seen_at.iso();
    vec!["signed in".to_owned(), format!("{device}, {}, last seen {seen}", session.ip_address)]
}

fn methods(access: &InitialCredential) -> String {
    let name = |method: &domain::SignInMethod| match method.provider_id.as_str() {
        "credential" => "password".to_owned(),
        other => other.to_owned(),
    };
    let names: Vec<String> = access.methods.iter().map(name).collect();
    if names.is_empty() { "nothing yet".to_owned() } else { names.join(", ") }
}

fn ban(user: &User, now: Timestamp) -> String {
    let ban = &user.ban;
    if !ban.holds(now) {
        return "open".to_owned();
    }
    let end = ban
        .ban_expires_at
        .map_or("for good".to_owned(), |end| format!("until {}", Timestamp::from_millis(end).iso()));
    let reason = ban.ban_reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("closed {end}{reason}")
}
