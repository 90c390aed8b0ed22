//! The command line: the program itself, on its own database.

mod accounts;
mod ban_delete;
mod client;
mod invite;
mod keys;

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use sqlx::{Connection, Executor};

/// A folder with a SQLite database and a server's settings.
struct CommandLine {
    folder: PathBuf,
}

/// How a command output.
#[derive(Debug)]
struct CommandOutput {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl CommandLine {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("bookplate-commands-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.folder.join("bookplate.db").display())
    }

    fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.run_with(arguments, "")
    }

    /// Runs a command with this standard input.
    fn run_with(&self, arguments: &[&str], input: &str) -> CommandOutput {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bookplate"))
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("DATABASE_URL", self.url())
            .env("BOOKPLATE_URL", "http://localhost:3001")
            .env("BOOKPLATE_SECRET", "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input may have output before.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        CommandOutput { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Executes SQL on the database.
    fn arrange(&self, sql: &str) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut connection = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
            connection.execute(sql).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// The JSON output of a successful command, which prints nothing else.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        serde_json::from_str(&output.stdout).unwrap()
    }

    /// The text output of a successful command.
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        output.stdout
    }

    /// The error output of a failed command.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{arguments:?}: {output:?}");
        assert!(output.stderr.starts_with("bookplate: "), "{output:?}");
        output.stderr
    }
}

impl Drop for CommandLine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn wrong_usage_exits_with_2_and_errors_with_1() {
    let cli = CommandLine::new();
    for arguments in [
        &["user"][..],
        &["user", "paint"],
        &["user", "create", "not-an-address"],
        &["user", "list", "--limit", "none"],
        &["keys"],
        &["client"],
        &["client", "add", "docs"],
        &["import", "better-auth"],
        &["import", "conversations", "file.json"],
    ] {
        let output = cli.run(arguments);
        assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(output.stderr.contains("--help"), "{arguments:?}: {}", output.stderr);
    }
    assert!(!cli.folder.join("bookplate.db").exists(), "nothing was opened");
    let said = cli.refusal(&["user", "show", "nobody@example.com"]);
    assert_eq!(said, "bookplate: nobody@example.com: no account has this address or id\n");
    let said = cli.refusal(&["import", "better-auth", "--from", "mysql://u:hidden-word@host/db"]);
    assert!(said.contains("PostgreSQL") && !said.contains("hidden-word"), "{said}");
}

#[test]
fn a_file_of_conversations_is_imported_for_a_reader() {
    let cli = CommandLine::new();
    cli.text(&["user", "create", "ada@example.com"]);
    let file = cli.folder.join("conversations.json");
    let path = file.to_str().unwrap();
    let message = json!({ "uuid": "m", "sender": "human", "text": "How far does sonar reach?" });
    fs::write(&file, json!([{ "uuid": "c", "name": "Sonar", "chat_messages": [message] }, {}]).to_string())
        .unwrap();
    let import = ["import", "conversations", path, "--user", "ada@example.com"];
    let report = cli.text(&import);
    assert!(
        report.contains("conversations imported: 1") && report.contains("messages that are new: 1"),
        "{report}"
    );
    assert!(report.contains("2 (without a name): this is no conversation that can be imported"), "{report}");
    let again = cli.json(&import);
    assert_eq!(again["conversations"][0]["added"], 0);
    fs::write(&file, "PK\u{3}\u{4}").unwrap();
    let refusal = cli.refusal(&import);
    assert!(refusal.contains("ZIP") && refusal.contains("conversations.json"), "{refusal}");
    let folder = cli.folder.to_str().unwrap();
    let refusal = cli.refusal(&["import", "conversations", folder, "--user", "ada@example.com"]);
    assert!(refusal.contains("it cannot be read (Is a directory"), "{refusal}");
    let refusal = cli.refusal(&["import", "conversations", path, "--user", "nobody@example.com"]);
    assert!(refusal.contains("no account has this address"), "{refusal}");
}
