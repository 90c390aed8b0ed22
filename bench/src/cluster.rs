//! A separate PostgreSQL cluster with production durability: fsync and synchronous_commit are on.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{Common, Kind, program::Pin};

/// Creates a cluster in `$2` unless one exists, starts it with the settings `$3` and waits. It stops the server when
/// the pipe from this process closes, however this process ends.
const GUARD: &str = r#"
trap '' PIPE
{
  { [ -f "$2/data/PG_VERSION" ] ||
    "$1/initdb" --pgdata="$2/data" --username=bench --auth=trust --encoding=UTF8 --locale=C; } &&
  echo "$3" >"$2/data/postgresql.auto.conf" &&
  "$1/pg_ctl" start --pgdata="$2/data" --log="$2/log" --wait --timeout=300
} >>"$2/log" 2>&1 && echo ready
exec >/dev/null 2>&1
read -r _
"$1/pg_ctl" stop --pgdata="$2/data" --mode=fast
"#;

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = on
synchronous_commit = on
shared_buffers = '512MB'
effective_cache_size = '2GB'
max_wal_size = '4GB'
checkpoint_timeout = '30min'
maintenance_work_mem = '1GB'
";

/// A running PostgreSQL; stopped on drop, its data stay.
#[derive(Debug)]
pub(crate) struct Cluster {
    guard: Child,
    port: u16,
    data: PathBuf,
}

impl Cluster {
    /// Starts it if PostgreSQL is to be measured.
    pub(crate) fn if_wanted(common: &Common, pin: &Pin) -> Result<Option<Self>> {
        let wanted = common.databases.contains(&Kind::Postgres);
        wanted.then(|| Self::start(&common.work.join("postgres"), *pin)).transpose()
    }

    fn start(folder: &Path, pin: Pin) -> Result<Self> {
        let binaries = binaries().context("PostgreSQL is not installed below /usr/lib/postgresql")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let account = rustix::process::geteuid().is_root().then(unprivileged).transpose()?;
        let port = free_port()?;
        let mut command = pin.command("sh");
        command.current_dir(&folder).process_group(0);
        if let Some((user, group)) = account {
            chown(&folder, Some(user), Some(group))
                .with_context(|| format!("cannot give away {}", folder.display()))?;
            command.uid(user).gid(group);
        }
        command.args(["-c", GUARD, "guard"]).args([&binaries, &folder]);
        let guard = started(command.arg(format!("{SETTINGS}port = {port}\n")), &folder)?;
        Ok(Self { guard, port, data: folder.join("data") })
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://bench@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database, for the peer.
    pub(crate) fn asyncpg_url(&self, database: &str) -> String {
        self.url(database).replace("postgres://", "postgresql+asyncpg://")
    }

    /// The postmaster's process id; all other processes are its children.
    pub(crate) fn pid(&self) -> Result<u32> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).context("PostgreSQL does not run")?;
        file.lines().next().and_then(|line| line.trim().parse().ok()).context("no number in postmaster.pid")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn started(command: &mut Command, folder: &Path) -> Result<Child> {
    let mut guard =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot start sh")?;
    let mut answer = String::new();
    if let Some(output) = guard.stdout.take() {
        BufReader::new(output).read_line(&mut answer).context("PostgreSQL did not start")?;
    }
    if answer.trim() != "ready" {
        drop(guard.stdin.take());
        let _ = guard.wait();
        bail!("PostgreSQL did not start; see {}", folder.join("log").display());
    }
    Ok(guard)
}

/// The binaries of the newest installed version.
fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let numbered = versions.filter_map(|it| Some((it.file_name().to_str()?.parse::<u32>().ok()?, it.path())));
    numbered.max().map(|(_, path)| path.join("bin")).filter(|it| it.join("pg_ctl").is_file())
}

/// PostgreSQL refuses to run as root, so it runs as `postgres`, or as `nobody`.
fn unprivileged() -> Result<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let account = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    ["postgres", "nobody"].into_iter().find_map(account).context("no account `postgres` or `nobody`")
}

pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
