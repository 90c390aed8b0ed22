//! Conversations on the wire.

mod body;
mod conversation;
mod messages;
mod parts;
mod raw_json;

use contract::{Code, Problem, Problems};

/// What is said about each wrong field: the field, the code, and why.
fn said(problems: &Problems) -> Vec<(String, Code, String)> {
    problems.iter().map(told).collect()
}

fn told(problem: &Problem) -> (String, Code, String) {
    let field = problem.field.clone().unwrap_or_default();
    (field, problem.code, problem.reason.as_ref().map(ToString::to_string).unwrap_or_default())
}

/// The wrong fields alone.
fn fields(problems: &Problems) -> Vec<String> {
    said(problems).into_iter().map(|(field, ..)| field).collect()
}
