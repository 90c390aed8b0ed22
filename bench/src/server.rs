//! Starts a Bookplate server.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::time::sleep;

use crate::{
    Kind, Run,
    cluster::free_port,
    http_connection::{HttpConnection, request},
    program::{Pin, Program},
};

/// All requests come from one IP address, so rate limits are off.
const UNLIMITED: [&str; 6] = ["SIGN_IN", "MAIL", "ACCOUNT", "RECIPIENT", "REQUESTS", "CONVERSATIONS"];
/// Long enough for all rounds.
const TOKEN_SECONDS: &str = "3600";

/// A server and its address.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    /// The Host header of requests.
    pub(crate) host: String,
}

impl Server {
    /// Starts a build on a database and waits until it answers.
    pub(crate) async fn start(
        run: &Run,
        pin: Pin,
        (name, build): (&str, &Path),
        (kind, database): (Kind, &str),
    ) -> Result<Self> {
        let folder = run.common.work.join(format!("server-{}-{name}", kind.name()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let binary = build
            .canonicalize()
            .with_context(|| format!("{} is missing: `cargo xtask build` makes it", build.display()))?;
        let port = free_port()?;
        let host = format!("localhost:{port}");
        let mut command = pin.command(binary);
        command.current_dir(&folder).env_clear();
        command.envs([("HOST", "127.0.0.1"), ("PORT", &port.to_string()), ("DATABASE_URL", database)]);
        command.env("BOOKPLATE_URL", format!("http://{host}"));
        command.env("BOOKPLATE_SECRET", "bench bench bench bench bench bench bench");
        command
            .env("BOOKPLATE_JWT_LIFETIME", TOKEN_SECONDS)
            .env("BOOKPLATE_OUTBOX", folder.join("outbox.jsonl"));
        command.envs(UNLIMITED.map(|name| (format!("BOOKPLATE_LIMIT_{name}"), "off")));
        for variable in &run.variables {
            let (name, value) = variable.split_once('=').context("a variable is NAME=VALUE")?;
            command.env(name, value);
        }
        let log = folder.join("log");
        let mut program = Program::start(command, &log)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let question = request("GET", "/api/auth/ok", &host, &[], None);
        wait(&mut program, address, &question, &log).await?;
        Ok(Self { program, address, host })
    }
}

/// Waits until a program answers a request with 200.
pub(crate) async fn wait(
    program: &mut Program,
    address: SocketAddr,
    question: &[u8],
    log: &Path,
) -> Result<()> {
    for _ in 0..600 {
        if let Ok(mut connection) = HttpConnection::connect(address).await
            && connection.ask(question).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        if !program.runs()? {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("a server did not start:\n{}", fs::read_to_string(log).unwrap_or_default())
}
