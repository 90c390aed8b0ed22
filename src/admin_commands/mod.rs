//! What the operator does from the command line: the services of the server, without the server.

mod import;
mod keys;
mod show;
mod users;

use std::{
    error::Error,
    io::{ErrorKind, Write},
};

use domain::{Database, Services};
use serde_json::Value;

use crate::{adapters, commands::Task, config::Config, serve};

/// What an action answers, in both forms.
struct Answer {
    /// For people; lines without the last line end.
    text: String,
    json: Value,
}

/// What actions need.
struct AdminContext {
    services: std::sync::Arc<Services>,
    origin: String,
}

/// Why something was not done: one sentence.
type Refusal = Box<dyn Error>;

/// Does what the operator asks for and writes the answer to standard output.
///
/// # Errors
/// One sentence about why it was not done.
pub async fn run(task: Task, config: Config, database: Database) -> Result<(), Refusal> {
    let ports = adapters::ports(&config.mail)?;
    let origin = config.origin.as_str().to_owned();
    let state = serve::compose(config, database, ports).await?;
    let context = AdminContext { services: state.services, origin };
    let (answer, json) = match task {
        Task::User(arguments) => (users::act(&context, arguments.action).await?, arguments.json),
        Task::Keys(arguments) => (keys::act(&context, arguments.action).await?, arguments.json),
        Task::Import(arguments) => import::act(&context, arguments.source).await?,
    };
    say(&answer, json)
}

fn say(answer: &Answer, json: bool) -> Result<(), Refusal> {
    let text = if json { serde_json::to_string_pretty(&answer.json)? } else { answer.text.clone() };
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever reads has seen enough: `bookplate user list | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Rows under a head, in columns as wide as they need to be.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let rows = [row(&["address", "name"]), row(&["ada@example.com", ""]), row(&["é", "Émile"])];
        assert_eq!(columns(&rows), "address          name\nada@example.com\né                Émile");
        assert_eq!(columns(&[]), "");
    }
}
