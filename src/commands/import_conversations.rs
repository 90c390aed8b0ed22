//! `bookplate import conversations`: a file of conversations for one reader.

use std::{fs::File, io::Read, path::PathBuf, time::Duration};

use bytes::Bytes;
use clap::Args;
use contract::{Code, Problem, Problems, Reason, conversations::Imported, sentence};
use domain::{ConversationError, FileSource, ImportStop, Principal};

use super::{AdminContext, CommandError, Output, plain, put, user::find};

/// Which file, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ConversationsSource {
    /// conversations.json of ChatGPT, Claude or Bookplate, or Open WebUI's export of chats.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The reader's address or id.
    #[arg(long, value_name = "EMAIL|ID")]
    pub user: String,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// The bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// An operator waits for the whole file.
const TIME: Duration = Duration::from_hours(24);

/// A file on disk.
struct Opened(File);

impl FileSource for Opened {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let mut bytes = vec![0; PIECE];
        let count = self.0.read(&mut bytes).map_err(|error| {
            let reason = Some(Reason::Sentence(format!("it cannot be read ({error})")));
            Problem { reason, ..Problem::new(Code::MalformedRequest) }
        })?;
        bytes.truncate(count);
        Ok((count > 0).then(|| bytes.into()))
    }
}

pub(super) async fn run(
    context: &AdminContext,
    source: &ConversationsSource,
) -> Result<Output, CommandError> {
    let user = find(context, &source.user).await?;
    let name = source.file.display();
    let file = File::open(&source.file).map_err(|error| format!("{name}: {error}"))?;
    let imported = context.services.transfer.import(Principal::reader(&user.id), Opened(file), TIME).await;
    let (imported, stop) = imported.map_err(|error| match error {
        ConversationError::Invalid(problems) => format!("{name}: {}", sentence(problems.first())),
        other => format!("{name}: {}", sentence(Problems::from(other).first())),
    })?;
    let stopped = stop.map(|stop| match stop {
        ImportStop::OutOfTime => "there was no time for the rest".to_owned(),
        ImportStop::Invalid(problems) => sentence(problems.first()),
    });
    let mut json = serde_json::to_value(&imported)?;
    put(&mut json, "stopped", stopped.clone().into());
    Ok(Output { text: text(&imported, stopped.as_deref()), json })
}

/// The report for people: what was done, then what was not, each with its reason.
fn text(imported: &Imported, stopped: Option<&str>) -> String {
    let messages: i64 = imported.conversations.iter().map(|it| it.added).sum();
    let mut lines = vec![
        format!("conversations imported: {}", imported.conversations.len()),
        format!("messages that are new: {messages}"),
        format!("left out: {}", imported.refused.len()),
    ];
    for refused in &imported.refused {
        let name = refused.title.as_deref().or(refused.id.as_deref()).unwrap_or("without a name");
        lines.push(format!("  {} ({}): {}", refused.position, plain(name), plain(&refused.reason)));
    }
    lines.extend(stopped.map(|why| format!("not read to its end: {why}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use contract::conversations::RejectedConversation;

    use super::*;

    #[test]
    fn the_report_names_what_was_left_out_and_cannot_steer_the_terminal() {
        let refused = RejectedConversation {
            id: None,
            title: Some("A\u{1b}[2J".to_owned()),
            position: 2,
            reason: "it was deleted".to_owned(),
        };
        let imported = Imported { conversations: Vec::new(), refused: vec![refused] };
        let wanted = "conversations imported: 0\nmessages that are new: 0\nleft out: 1\n  2 (A\u{fffd}[2J): it was deleted\n\
            not read to its end: cut off";
        assert_eq!(text(&imported, Some("cut off")), wanted);
    }
}
