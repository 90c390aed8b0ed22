//! `GET /api/conversations/{id}/events`: what happens to a conversation, as server-sent events (WHATWG HTML, section
//! 9.2). A stream ends after some minutes, with its token, or with its session; clients come back by themselves and say
//! where they were.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems, Reason};
use domain::{ConversationEvent, Services, Subscriber, Subscription};
use futures_util::stream;
use http::{HeaderValue, header};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::{auth::Caller, operation::read_operation, path_params::PathParams, query::Parameters};
use crate::{
    http::{
        app_state::AppState,
        errors::ProblemResponse,
        openapi::{
            examples,
            operation::{Operation, Tag},
        },
        rate_limit,
    },
    server::EventStream,
};

/// The interval of heartbeats. The session is checked with each, and before events are sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lasts: somewhat shorter than any exchange may take.
const LIFE: Duration = Duration::from_secs(270);
/// Milliseconds after which a client that has lost its stream comes back.
const RETRY: u32 = 1000;
/// The most bytes handed to the connection at once. It copies them, so that a client that reads slowly keeps no whole message
/// in memory twice.
const PIECE: usize = 4 * 1024;

/// Streams what happens from now on, from the revision in `Last-Event-ID`, or from the one in `after`.
pub async fn stream(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let (parts, _) = request.into_parts();
    let after = match parts.headers.get("last-event-id") {
        Some(id) => Some(last_event(id)?),
        None => Parameters::of(&parts.uri).number("after")?,
    };
    let network = rate_limit::client_network(&state, &parts);
    let subscriber = Subscriber {
        user_id: caller.user_id(),
        scope: caller.principal().scope,
        network: network.as_deref(),
    };
    let subscription = state.services.conversations.subscribe(subscriber, &id, after).await;
    let subscription = subscription.map_err(Problems::from)?;
    let greeting = format!(
        "retry: {RETRY}\nid: {known}\nevent: ready\ndata: {{\"revision\":{known}}}\n\n",
        known = subscription.revision()
    );
    let now = Instant::now();
    let left = caller.ends_at.map(|end| end.saturating_sub(state.services.cleanup.now().seconds()));
    let left = left.map_or(LIFE, |seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()));
    let streaming = Streaming {
        services: state.services,
        session_id: caller.signed_in.session.id,
        subscription,
        events: VecDeque::new(),
        text: String::new(),
        sent: 0,
        is_deleted: false,
        ends: now + LIFE.min(left),
        beat: now + HEARTBEAT,
    };
    let rest = stream::unfold(Some(Box::new(streaming)), |streaming| async {
        let mut streaming = streaming?;
        let (chunk, goes_on) = streaming.next().await;
        Some((Ok::<_, std::convert::Infallible>(chunk), goes_on.then_some(streaming)))
    });
    let first = stream::once(async { Ok(Bytes::from(greeting)) });
    let mut response = Body::from_stream(stream::StreamExt::chain(first, rest)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.extensions_mut().insert(EventStream);
    Ok(response)
}

/// The description of [`stream`].
pub fn stream_operation() -> Operation {
    let text = json!({ "type": "string" });
    read_operation("/api/conversations/{id}/events", "streamEvents", Tag::Conversations, "What happens to a conversation")
        .description(
            "Server-sent events. First `ready` with `{\"revision\": n}`; then `message` with a `Message` for each that was \
             added or has changed, `conversation` with the `Conversation`, and `deleted`, after which the stream ends. \
             The `id` of an event is the revision: sent again as `Last-Event-ID`, or as `after`, the stream goes on from \
             there. Of a message that changed several times only the last state is sent. The stream ends after some minutes, \
             and with the token or the session; come back with the last id.",
        )
        .query_params(&["after", "lastEventId"])
        .response_as(200, "Events, as they happen.", "text/event-stream", &text, &examples::events())
        .errors(&[Code::ConversationNotFound, Code::ValidationError])
}

/// What a stream keeps while it is open; there are many of them, so it is little.
struct Streaming {
    services: Arc<Services>,
    session_id: String,
    subscription: Subscription,
    /// What is to be sent next.
    events: VecDeque<(Option<i64>, ConversationEvent)>,
    /// The event that is being sent, and how much of it has been.
    text: String,
    sent: usize,
    /// Whether the last event has been taken out of `events`.
    is_deleted: bool,
    ends: Instant,
    beat: Instant,
}

impl Streaming {
    /// The next piece of the stream, and whether there is more to come.
    async fn next(&mut self) -> (Bytes, bool) {
        loop {
            if let Some(piece) = self.next_piece() {
                let is_last = self.is_deleted && self.text.is_empty();
                return (piece, !is_last);
            }
            // What asks the database is large, and there only while it does.
            match Box::pin(self.subscription.poll_changes()).await {
                Ok(events) if events.is_empty() => {}
                Ok(events) if self.may_go_on().await => {
                    self.events = in_order(events);
                    continue;
                }
                // After a sign-out nothing more is sent, however slowly the client has read until now.
                Ok(_) => return (Bytes::new(), false),
                Err(error) => {
                    tracing::debug!(?error, "a stream of events ends");
                    return (Bytes::new(), false);
                }
            }
            let wake = self.beat.min(self.ends);
            let open = match timeout_at(wake, self.subscription.changed()).await {
                Ok(open) => open,
                Err(_) if wake == self.ends => false,
                Err(_) if !Box::pin(self.is_signed_in()).await => false,
                Err(_) => {
                    self.beat = Instant::now() + HEARTBEAT;
                    return (Bytes::from_static(b":\n\n"), true);
                }
            };
            if !open {
                return (Bytes::new(), false);
            }
        }
    }

    /// The next piece of the events that there are; `None` when all of them are sent.
    fn next_piece(&mut self) -> Option<Bytes> {
        if self.text.is_empty() {
            let (revision, event) = self.events.pop_front()?;
            self.is_deleted = matches!(event, ConversationEvent::Deleted);
            self.text = written(revision, &event);
        }
        let end = self.text.floor_char_boundary(self.sent + PIECE);
        let piece = Bytes::copy_from_slice(self.text.as_bytes().get(self.sent..end).unwrap_or_default());
        self.sent = end;
        if end == self.text.len() {
            (self.text, self.sent) = (String::new(), 0);
        }
        Some(piece)
    }

    async fn may_go_on(&self) -> bool {
        Instant::now() < self.ends && Box::pin(self.is_signed_in()).await
    }

    async fn is_signed_in(&self) -> bool {
        self.services.sessions.is_active(&self.session_id).await.unwrap_or(false)
    }
}

/// Events in the order they are sent in, each with its id. The conversation goes before its messages and without an id of its
/// own: a stream that is cut after it brings it again, and one that is cut after a message has brought it.
fn in_order(events: Vec<(i64, ConversationEvent)>) -> VecDeque<(Option<i64>, ConversationEvent)> {
    let is_first = |event: &ConversationEvent| matches!(event, ConversationEvent::Conversation(_));
    let (first, rest): (Vec<_>, Vec<_>) = events.into_iter().partition(|(_, event)| is_first(event));
    let alone = rest.is_empty();
    let first = first.into_iter().map(|(revision, event)| (alone.then_some(revision), event));
    first.chain(rest.into_iter().map(|(revision, event)| (Some(revision), event))).collect()
}

/// An event as it stands in the stream.
fn written(revision: Option<i64>, event: &ConversationEvent) -> String {
    let (name, data) = match event {
        ConversationEvent::Message(message) => ("message", serde_json::to_string(message)),
        ConversationEvent::Conversation(it) => ("conversation", serde_json::to_string(it)),
        ConversationEvent::Deleted => ("deleted", Ok("{}".to_owned())),
    };
    let id = revision.map_or_else(String::new, |revision| format!("id: {revision}\n"));
    let mut text = format!("{id}event: {name}\n");
    // What a client has sent is kept as it came, with the line breaks between its tokens.
    for line in data.unwrap_or_default().split(['\n', '\r']) {
        text.extend(["data: ", line, "\n"]);
    }
    text.push('\n');
    text
}

fn last_event(id: &HeaderValue) -> Result<i64, Problem> {
    let number = id.to_str().ok().and_then(|id| id.trim().parse().ok()).filter(|number: &i64| *number >= 0);
    let wanted = Reason::Wanted("expected the id of an event of this stream".into());
    number.ok_or_else(|| Problem {
        reason: Some(wanted),
        ..Problem::on(Code::ValidationError, "Last-Event-ID")
    })
}
