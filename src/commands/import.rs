//! `bookplate import`: readers of another system.

use std::{collections::BTreeMap, fmt};

use clap::{Args, Subcommand};
use domain::{AnswerCounts, ImportReport};
use storage::BetterAuth;

use super::{AdminContext, CommandError, Output, import_conversations::ConversationsSource, plain, put};

/// Take readers over from another system.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArguments {
    /// From which system.
    #[command(subcommand)]
    pub source: ImportSource,
}

/// From which system.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ImportSource {
    /// From the PostgreSQL database of Better Auth. Reads only; can be run again (docs/MOVING-IN.md).
    BetterAuth(BetterAuthSource),
    /// A file of conversations for one reader. Importing it again adds nothing (docs/EXPORT.md).
    Conversations(ConversationsSource),
}

/// Where the readers are, and what to do with them.
#[derive(Clone, PartialEq, Eq, Args)]
pub struct BetterAuthSource {
    /// The address of its database: postgres://... (PGPASSWORD may hold the password).
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// Write nothing, and report what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

impl fmt::Debug for BetterAuthSource {
    /// The address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetterAuthSource").field("dry_run", &self.dry_run).finish_non_exhaustive()
    }
}

pub(super) async fn run(context: &AdminContext, source: &BetterAuthSource) -> Result<Output, CommandError> {
    let mut foreign = BetterAuth::open(&source.from).await?;
    let others = foreign.others().await?;
    let mut import = context.services.import.begin(source.dry_run);
    loop {
        let readers = foreign.next().await?;
        if readers.is_empty() {
            break;
        }
        for reader in readers {
            import.take(reader).await?;
        }
    }
    foreign.close().await;
    let report = import.finish();
    let mut json = serde_json::to_value(&report)?;
    put(&mut json, "rowsNotRead", serde_json::to_value(&others)?);
    Ok(Output { text: text(&report, &others), json })
}

/// The report for people: what was done, then what was not, each with its number.
fn text(report: &ImportReport, others: &BTreeMap<String, i64>) -> String {
    let mut lines = Vec::new();
    if report.dry_run {
        lines.push("Nothing was written. This is what an import would do:".to_owned());
    }
    lines.push(format!("readers found: {}", report.found));
    lines.push(format!("imported: {}", report.imported));
    lines.extend(imported(report));
    lines.extend(counted("here already, left alone", report.already_there));
    lines.push(format!("left out: {}", report.left_out.len()));
    for reader in &report.left_out {
        let (email, id) = (plain(&reader.email), plain(&reader.id));
        lines.push(format!("  {email} (id {id}): {}", reader.reason.in_words()));
    }
    lines.extend(counted("anonymous users, left out", report.anonymous));
    lines.extend(counted(
        "users with a phone number and no address of their own, left out",
        report.phone_only,
    ));
    for (question, counts) in &report.answers {
        lines.extend(answers(question, counts));
    }
    for (field, times) in &report.fields_not_kept {
        lines.extend(counted(&format!("column {}: no question, values not kept", plain(field)), *times));
    }
    for (table, rows) in others {
        lines.push(format!("table {}: rows not read: {rows}", plain(table)));
    }
    lines.join("\n")
}

/// About those taken over.
fn imported(report: &ImportReport) -> impl Iterator<Item = String> {
    let passwords = &report.passwords;
    [
        ("  password hashed with scrypt", passwords.scrypt),
        ("  password hashed with bcrypt", passwords.bcrypt),
        ("  password hashed with argon2id", passwords.argon2id),
        ("  without a password", passwords.none),
        ("  password hashed in a way not known here, to be set anew by the reader", passwords.unknown),
        ("  address not confirmed", report.unconfirmed),
        ("  closed", report.banned),
        ("  name cut to what can be used here", report.names_cut),
        ("  picture that cannot be used here, dropped", report.images_dropped),
    ]
    .into_iter()
    .filter_map(|(what, count)| counted(what, count))
}

fn counted(what: &str, count: u64) -> Option<String> {
    (count > 0).then(|| format!("{what}: {count}"))
}

fn answers(question: &str, counts: &AnswerCounts) -> Vec<String> {
    let mut lines = vec![format!("question {question}: answers kept: {}", counts.kept)];
    lines.extend(counted("  answers not accepted", counts.refused));
    lines.extend(counts.refused_values.iter().map(|(value, times)| format!("    \"{value}\": {times}")));
    lines.extend(counted("  required, but without an answer", counts.missing));
    lines
}

#[cfg(test)]
mod tests {
    use domain::{PasswordCounts, SkipReason, SkippedUser};

    use super::{
        super::{
            AdminCommand,
            tests::{admin_command, parse},
        },
        *,
    };

    #[test]
    fn the_address_of_the_other_database_is_not_shown() {
        let words = ["import", "better-auth", "--from", "postgres://u:secret@host/db", "--dry-run"];
        let AdminCommand::Import(ImportArguments { source: ImportSource::BetterAuth(source) }) =
            admin_command(&words)
        else {
            panic!("import")
        };
        assert!(source.dry_run && !source.json);
        assert_eq!(source.from, words[3]);
        assert!(!format!("{source:?}").contains("secret"));
        for wrong in [&["import"][..], &["import", "better-auth"], &["import", "paper"]] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn the_report_names_who_was_left_out_and_cannot_steer_the_terminal() {
        let report = ImportReport {
            dry_run: true,
            found: 9,
            imported: 2,
            anonymous: 3,
            phone_only: 2,
            already_there: 1,
            left_out: vec![SkippedUser {
                id: "u\u{1b}4".into(),
                email: "ada@example".into(),
                reason: SkipReason::Address,
            }],
            passwords: PasswordCounts { scrypt: 1, unknown: 1, ..PasswordCounts::default() },
            answers: BTreeMap::from([(
                "experienceLevel".into(),
                AnswerCounts {
                    kept: 1,
                    refused: 1,
                    missing: 1,
                    refused_values: BTreeMap::from([("expert".into(), 1)]),
                },
            )]),
            fields_not_kept: BTreeMap::from([("role".into(), 2)]),
            ..ImportReport::default()
        };
        let others = BTreeMap::from([("session".to_owned(), 3)]);
        assert_eq!(
            text(&report, &others).lines().collect::<Vec<_>>(),
            [
                "Nothing was written. This is what an import would do:",
                "readers found: 9",
                "imported: 2",
                "  password hashed with scrypt: 1",
                "  password hashed in a way not known here, to be set anew by the reader: 1",
                "here already, left alone: 1",
                "left out: 1",
                "  ada@example (id u\u{fffd}4): this address cannot be used here",
                "anonymous users, left out: 3",
                "users with a phone number and no address of their own, left out: 2",
                "question experienceLevel: answers kept: 1",
                "  answers not accepted: 1",
                "    \"expert\": 1",
                "  required, but without an answer: 1",
                "column role: no question, values not kept: 2",
                "table session: rows not read: 3",
            ]
        );
    }
}
