//! A PostgreSQL of our own for the length of one test run.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::prerequisites;
use crate::workspace::Workspace;

/// The variable the tests read, and the one by which a running server is named.
pub(crate) const VARIABLE: &str = "BOOKPLATE_TEST_POSTGRES_URL";

/// Makes a cluster in `$2` with the settings `$3`, runs it and waits. When the pipe to us closes, in whatever way we
/// ended, it stops the server and removes the folder, so that nothing is left even after SIGKILL.
const GUARD: &str = r#"
trap '' PIPE
{
  "$1/initdb" --pgdata="$2/data" --username=bookplate --auth=trust --encoding=UTF8 --locale=C --no-sync &&
  echo "$3" >>"$2/data/postgresql.conf" &&
  "$1/pg_ctl" start --pgdata="$2/data" --log="$2/log" --wait --timeout=60
} >>"$2/log" 2>&1 && echo ready
exec >/dev/null 2>&1
read -r _
"$1/pg_ctl" stop --pgdata="$2/data" --mode=immediate
rm -rf "$2"
"#;

/// Durability costs most of a test's time, and these data live for minutes.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 128MB
";

/// The server of the tests; ends when dropped if it is ours.
pub(crate) struct Postgres {
    url: String,
    guard: Option<Child>,
}

/// The address of a running server, if the caller named one.
pub(crate) fn given() -> Option<String> {
    env::var(VARIABLE).ok().filter(|it| !it.is_empty())
}

impl Postgres {
    /// Takes the server that [`VARIABLE`] names, or starts one.
    pub(crate) fn given_or_started(workspace: &Workspace) -> Result<Self> {
        if let Some(url) = given() {
            eprintln!("  PostgreSQL: the one that {VARIABLE} names");
            return Ok(Self { url, guard: None });
        }
        Self::started(workspace)
    }

    fn started(workspace: &Workspace) -> Result<Self> {
        let binaries = prerequisites::postgres_binaries(workspace).context("PostgreSQL is not installed")?;
        let folder = Folder::make()?;
        eprintln!("  PostgreSQL: starting a throw-away server from {}", binaries.display());
        let port = free_port()?;
        let settings =
            format!("{SETTINGS}port = {port}\nunix_socket_directories = '{}'\n", folder.path.display());
        let guard = start(&binaries, &folder, &settings)?;
        Ok(Self { url: format!("postgres://bookplate@127.0.0.1:{port}/postgres"), guard: Some(guard) })
    }

    /// A maintenance database, as a user who may create others.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

/// Where the cluster lives, and the account that owns it.
struct Folder {
    path: PathBuf,
    account: Option<Account>,
}

#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Folder {
    fn make() -> Result<Self> {
        let account = prerequisites::is_root().then(unprivileged).transpose()?;
        // The other account may not be let into root's own temporary folder.
        let parent = if account.is_some() { PathBuf::from("/tmp") } else { env::temp_dir() };
        let path = parent.join(format!("bookplate-postgres-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        if let Some(Account { user, group }) = account {
            chown(&path, Some(user), Some(group))
                .with_context(|| format!("cannot give away {}", path.display()))?;
        }
        Ok(Self { path, account })
    }

    /// A command that runs as the account, out of reach of the terminal's Ctrl-C.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).process_group(0);
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path.join("log")).unwrap_or_default()
    }
}

/// PostgreSQL refuses root, so it runs as its own account, or as nobody.
fn unprivileged() -> Result<Account> {
    let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    ["postgres", "nobody"].into_iter().find_map(|name| account(&accounts, name)).context(
        "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as",
    )
}

fn account(accounts: &str, name: &str) -> Option<Account> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map(str::parse);
    Some(Account { user: numbers.next()?.ok()?, group: numbers.next()?.ok()? })
}

fn start(binaries: &Path, folder: &Folder, settings: &str) -> Result<Child> {
    let mut guard = folder
        .command("sh")
        .args(["-c", GUARD, "guard"])
        .args([binaries, folder.path.as_path()])
        .arg(settings)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start sh")?;
    let mut answer = String::new();
    if let Some(output) = guard.stdout.take() {
        BufReader::new(output).read_line(&mut answer).context("PostgreSQL did not start")?;
    }
    if answer.trim() != "ready" {
        let log = folder.log();
        drop(guard.stdin.take());
        let _ = guard.wait();
        bail!("PostgreSQL did not start:\n{log}");
    }
    Ok(guard)
}

/// A port below the range from which the system gives ports to clients: what is free now is free when PostgreSQL, some
/// seconds later, listens on it.
fn free_port() -> Result<u16> {
    let first = std::process::id() % 2000;
    let mut ports = (0..2000).filter_map(|offset| u16::try_from(30_000 + (first + offset) % 2000).ok());
    ports
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port on 127.0.0.1 from 30000 to 31999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_server_leaves_nothing_behind() {
        let postgres = Postgres::started(&Workspace::find().unwrap()).unwrap();
        let address = postgres.url().split(['@', '/']).find(|it| it.starts_with("127.")).unwrap().to_owned();
        assert!(std::net::TcpStream::connect(&address).is_ok());
        drop(postgres);
        assert!(std::net::TcpStream::connect(&address).is_err());
        assert!(!Path::new(&format!("/tmp/bookplate-postgres-{}", std::process::id())).exists());
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts =
            "root:x:0:0:root:/root:/bin/bash\npostgres2:x:1:1::/:/bin/sh\npostgres:x:105:107::/:/bin/sh\n";
        let found = account(accounts, "postgres").unwrap();
        assert_eq!((found.user, found.group), (105, 107));
        assert!(account(accounts, "nobody").is_none());
    }
}
