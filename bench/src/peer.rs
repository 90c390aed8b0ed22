//! The peer: a FastAPI and SQLAlchemy server for conversations, in one process, with Bookplate's tokens.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    cluster::free_port,
    http_connection::request,
    program::{Pin, Program},
    server::{Server, wait},
};

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
}

impl Peer {
    /// Starts it on a database. It accepts the tokens of `issuer`.
    pub(crate) async fn start(
        work: &Path,
        folder: &Path,
        pin: Pin,
        database: &str,
        issuer: &Server,
    ) -> Result<Self> {
        let place = prepared(work, folder)?;
        let port = free_port()?;
        let mut command = pin.command(place.join("venv/bin/uvicorn"));
        command.current_dir(&place).env("DATABASE_URL", database);
        command.env("AUTH_URL", format!("http://{}", issuer.host));
        command.args(["app:app", "--workers", "1", "--log-level", "warning", "--no-access-log", "--port"]);
        command.arg(port.to_string());
        let log = place.join("log");
        let mut program = Program::start(command, &log)?;
        let (address, host) = (SocketAddr::from((Ipv4Addr::LOCALHOST, port)), format!("127.0.0.1:{port}"));
        wait(&mut program, address, &request("GET", "/health", &host, &[], None), &log).await?;
        Ok(Self { program, address, host })
    }
}

/// Copies the peer and installs its dependencies beside it.
fn prepared(work: &Path, folder: &Path) -> Result<PathBuf> {
    let place = work.join("peer");
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    let place = place.canonicalize()?;
    for name in ["app.py", "requirements.txt"] {
        let from = folder.join("peer-fastapi").join(name);
        let text = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        fs::write(place.join(name), text)?;
    }
    if !place.join("venv/bin/uvicorn").exists() {
        eprintln!("  installing the peer");
        execute(Command::new("python3").args(["-m", "venv"]).arg(place.join("venv")))?;
        let pip = place.join("venv/bin/pip");
        execute(Command::new(pip).args(["install", "--quiet", "-r"]).arg(place.join("requirements.txt")))?;
    }
    Ok(place)
}

fn execute(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
