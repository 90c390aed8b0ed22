//! Why a conversation of a file is rejected, in words for its user.

use contract::{Code, Problem, Reason};

/// Why a conversation is rejected.
pub(super) type Rejection = String;

pub(super) fn too_many_messages(max: u32) -> Rejection {
    format!("a conversation has at most {max} messages")
}

/// Something in the file that is no conversation, with what it seems to be.
pub(super) fn no_conversation(words: Option<&str>) -> Rejection {
    words.map_or_else(
        || "this is no conversation that can be imported".to_owned(),
        |words| format!("this seems to be {words}, which cannot be imported"),
    )
}

/// A problem of a message.
pub(super) fn of_message(id: &str, problem: &Problem) -> Rejection {
    match problem.code {
        Code::PartTooLarge => format!("message {id} has a part that is larger than this book keeps"),
        Code::MessageTooLarge => format!("message {id} is larger than this book keeps"),
        _ => format!("message {id}: {}", from_problem(problem)),
    }
}

/// A problem of a field, without the wording of the JSON API.
pub(super) fn from_problem(problem: &Problem) -> Rejection {
    let words = match &problem.reason {
        Some(Reason::Wanted(wanted)) => wanted.clone(),
        Some(reason) => reason.to_string(),
        None => problem.code.message().to_owned(),
    };
    problem.field.as_ref().map_or_else(|| words.clone(), |field| format!("{field}: {words}"))
}

/// serde's message on one line of at most 200 characters, without the position in the text.
pub(super) fn from_json_error(error: &serde_json::Error) -> Rejection {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
