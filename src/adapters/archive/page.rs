//! The copy as a page: one file, without script, and nothing in it is fetched from anywhere.
//!
//! Every value passes through [`Value`], which is the only place that writes somebody's words into the page, by way of
//! [`Escaped`].

use std::fmt::{self, Display, Formatter, Write};

use contract::Timestamp;
use domain::export::{Answer, Browser, Event, Export, Link, Mail, Profile, Session, SignInMethod};

pub(super) const STYLE: &str = include_str!("page.css");

/// Writes the page.
pub(super) fn write(export: &Export) -> String {
    let parts = [
        ("Profile", "profile", profile(&export.profile)),
        ("Answers", "answers", each(&export.answers, answer)),
        ("Ways to sign in", "methods", each(&export.sign_in_methods, method)),
        ("Signed-in browsers", "sessions", each(&export.sessions, session)),
        ("Known browsers", "browsers", each(&export.browsers, browser)),
        ("Mailed links", "links", each(&export.links, link)),
        ("Mails that wait to be sent", "mails", each(&export.mails, mail)),
        ("What happened", "events", events(&export.events)),
        ("Conversations", "conversations", conversations(export)),
    ];
    let contents: String =
        parts.iter().map(|(title, id, _)| format!("<li><a href=\"#{id}\">{title}</a></li>\n")).collect();
    let sections: String = parts
        .iter()
        .map(|(title, id, body)| {
            format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{body}</section>\n")
        })
        .collect();
    let (book, address) = (Value::Text(&export.book.name), Value::Text(&export.book.address));
    let (title, moment) = (Escaped(&export.book.name), Value::Moment(export.exported_at));
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"viewport\" content=\"width=device-width\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Your account · {title}</title>
<style>
{STYLE}</style>
</head>
<body>
<header>
<h1>Your account at {book}</h1>
<p>Everything that was stored about you at {address} on {moment}. Times are in UTC. The hash of your password, the hashes
of mailed links and the secrets in your browsers’ cookies are stored too; they are left out because they would help
whoever finds this file into your account.</p>
<nav aria-label=\"Contents\"><ul>
{contents}</ul></nav>
</header>
<main>
{sections}</main>
</body>
</html>
"
    )
}

/// What stands beside a name.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// Somebody's words.
    Text(&'a str),
    /// Somebody's words, on several lines perhaps.
    Lines(&'a str),
    Moment(Timestamp),
    Number(i64),
    YesNo(bool),
    None,
}

impl<'a> Value<'a> {
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::None, Self::Text)
    }

    pub(super) fn lines(text: Option<&'a str>) -> Self {
        text.map_or(Self::None, Self::Lines)
    }

    pub(super) fn moment(moment: Option<Timestamp>) -> Self {
        moment.map_or(Self::None, Self::Moment)
    }
}

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::None | Self::Text("") | Self::Lines("") => f.write_str("<span class=\"quiet\">none</span>"),
            // Isolated, so that a name written from right to left turns nothing around it.
            Self::Text(text) => write!(f, "<bdi>{}</bdi>", Escaped(text)),
            Self::Lines(text) => write!(f, "<bdi class=\"said\">{}</bdi>", Lines(text)),
            Self::Moment(moment) => {
                let iso = moment.iso();
                let time = iso.get(11..16).unwrap_or_default();
                write!(f, "<time datetime=\"{iso}\">{}, {time}</time>", moment.day())
            }
            Self::Number(number) => number.fmt(f),
            Self::YesNo(yes) => f.write_str(if *yes { "yes" } else { "no" }),
        }
    }
}

/// Text for between tags and for quoted attributes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // Format characters that turn the direction of what follows, and those no page may hold.
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                f.write_str("\u{fffd}")
            }
            c => f.write_char(c),
        })
    }
}

/// Text of several lines, each escaped by itself.
pub(super) struct Lines<'a>(pub(super) &'a str);

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, line) in self.0.split('\n').enumerate() {
            if at > 0 {
                f.write_char('\n')?;
            }
            for (at, piece) in line.trim_end_matches('\r').split('\t').enumerate() {
                if at > 0 {
                    f.write_char('\t')?;
                }
                Escaped(piece).fmt(f)?;
            }
        }
        Ok(())
    }
}

fn each<T>(items: &[T], write: fn(&T) -> String) -> String {
    if items.is_empty() { NOTHING.to_owned() } else { items.iter().map(write).collect() }
}

pub(super) const NOTHING: &str = "<p class=\"quiet\">Nothing is stored.</p>\n";

pub(super) fn facts(facts: &[(&str, Value<'_>)]) -> String {
    let lines: String =
        facts.iter().map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n")).collect();
    format!("<dl>\n{lines}</dl>\n")
}

fn profile(it: &Profile) -> String {
    facts(&[
        ("Name", Value::Text(&it.name)),
        ("E-mail", Value::Text(&it.email)),
        ("E-mail confirmed", Value::YesNo(it.email_verified)),
        ("To be confirmed since", Value::moment(it.unverified_since)),
        ("Picture", Value::text(it.image.as_deref())),
        ("Account opened", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("Closed by the operator", Value::moment(it.banned_at)),
        ("Why", Value::text(it.ban_reason.as_deref())),
        ("Closed until", Value::moment(it.ban_expires_at)),
        ("Id", Value::Text(&it.id)),
    ])
}

fn answer(it: &Answer) -> String {
    let asked = it.question.as_deref().map_or(Value::Text("No longer asked"), Value::Text);
    facts(&[
        ("Question", asked),
        ("Your answer", Value::text(it.answer_label.as_deref().or(it.answer.as_deref()))),
        ("Why it is asked", Value::text(it.purpose.as_deref())),
        ("Stored as", Value::Text(&it.name)),
    ])
}

fn method(it: &SignInMethod) -> String {
    let kind = if it.provider == "credential" { "Password" } else { &it.provider };
    facts(&[
        ("With", Value::Text(kind)),
        ("A password’s hash is stored", Value::YesNo(it.password_hash_stored)),
        ("Added", Value::Moment(it.created_at)),
        ("Last changed", Value::Moment(it.updated_at)),
        ("You are there", Value::Text(&it.account_id)),
        ("Id", Value::Text(&it.id)),
    ])
}

fn session(it: &Session) -> String {
    facts(&[
        ("Browser", Value::Text(&it.device)),
        ("It calls itself", Value::Text(&it.user_agent)),
        ("Network address", Value::Text(&it.ip_address)),
        ("Remembered", Value::YesNo(it.remembered)),
        ("Opened", Value::Moment(it.created_at)),
        ("Last renewed", Value::Moment(it.renewed_at)),
        ("Last used", Value::Moment(it.last_seen_at)),
        ("Ends unless renewed", Value::Moment(it.expires_at)),
        ("Ends at the latest", Value::Moment(it.ends_at)),
        ("Id", Value::Text(&it.id)),
    ])
}

fn browser(it: &Browser) -> String {
    facts(&[
        ("Browser", Value::Text(&it.device)),
        ("It calls itself", Value::Text(&it.user_agent)),
        ("First sign-in", Value::Moment(it.first_seen_at)),
        ("Last sign-in", Value::Moment(it.last_seen_at)),
        ("Id", Value::Text(&it.id)),
    ])
}

fn link(it: &Link) -> String {
    facts(&[
        ("For", Value::Text(&in_words(&it.purpose))),
        ("Your address then", Value::Text(&it.email)),
        ("New address", Value::text(it.new_email.as_deref())),
        ("Asked for", Value::Moment(it.created_at)),
        ("Ends", Value::Moment(it.expires_at)),
        ("Used", Value::moment(it.used_at)),
    ])
}

fn mail(it: &Mail) -> String {
    facts(&[
        ("Asked for", Value::Moment(it.created_at)),
        ("Tried next", Value::Moment(it.due_at)),
        ("Tries so far", Value::Number(it.attempts)),
    ])
}

fn events(events: &[Event]) -> String {
    if events.is_empty() {
        return NOTHING.to_owned();
    }
    let rows: String = events.iter().map(event).collect();
    let head: String = ["When", "What", "Outcome", "Network address", "Browser"]
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .concat();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"events\">\n<table>\n\
         <thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

/// They have pages of their own.
fn conversations(export: &Export) -> String {
    let counted = facts(&[
        ("Stored", Value::Number(export.conversations)),
        ("Requests remembered", Value::Number(export.remembered_requests)),
    ]);
    format!("<p><a href=\"conversations.html\">Your conversations</a></p>\n{counted}")
}

/// A line of the table. The id, which tells a reader nothing, is left to programs.
fn event(it: &Event) -> String {
    let (kind, outcome) = (in_words(&it.kind), in_words(&it.outcome));
    let cells = [
        Value::Moment(it.at),
        Value::Text(&kind),
        Value::Text(&outcome),
        Value::text(it.ip_address.as_deref()),
        Value::text(it.user_agent.as_deref()),
    ];
    format!("<tr>{}</tr>\n", cells.map(|cell| format!("<td>{cell}</td>")).concat())
}

/// `password-reset` as `Password reset`.
fn in_words(name: &str) -> String {
    let spaced = name.replace('-', " ");
    let mut letters = spaced.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
