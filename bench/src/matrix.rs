//! Runs all measurements.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Result, bail};

use crate::{
    Kind, Run,
    cluster::Cluster,
    compare,
    data::Plan,
    load::{self, Prepared},
    peer::Peer,
    program::Pin,
    readers::Readers,
    report::{self, Log, Row},
    scenario::{Place, Scenario},
    seed,
    server::Server,
    streams::{self, Streams},
    usage,
    vocabulary::Vocabulary,
};

/// Warm-up before each measurement.
const WARM_UP: Duration = Duration::from_secs(1);

/// Fills missing databases and measures.
pub(crate) async fn run(run: &Run) -> Result<()> {
    let pin = if run.no_pin { Pin::none() } else { Pin::where_possible() };
    // Pin only now: filling may use all cores.
    let filling = Cluster::if_wanted(&run.common, &Pin::none())?;
    for messages in &run.common.messages {
        seed::all(&run.common, *messages, filling.as_ref()).await?;
    }
    drop(filling);
    let cluster = Cluster::if_wanted(&run.common, &pin)?;
    pin.aside()?;
    let mut bench = Bench {
        run,
        pin,
        cluster: cluster.as_ref(),
        vocabulary: Vocabulary::new(),
        log: Log::create(&run.common.work.join("rows.jsonl"))?,
        rows: Vec::new(),
        streams: Vec::new(),
    };
    for messages in &run.common.messages {
        bench.measure(*messages).await?;
    }
    println!("{} rounds of {} s each; {}.\n", run.rounds, run.seconds, pin.words());
    println!("{}", report::table(&report::medians(&bench.rows)));
    if run.compare.is_some() {
        println!("{}", compare::table(&bench.rows));
    }
    if !bench.streams.is_empty() {
        println!("{}", report::streams_table(&bench.streams));
    }
    let errors: u64 = bench.rows.iter().map(|row| row.errors).sum();
    if errors > 0 {
        bail!("{errors} requests were not answered as they should be");
    }
    Ok(())
}

struct Bench<'a> {
    run: &'a Run,
    pin: Pin,
    cluster: Option<&'a Cluster>,
    vocabulary: Vocabulary,
    log: Log,
    rows: Vec<Row>,
    streams: Vec<Streams>,
}

/// A server under measurement.
struct Target {
    name: &'static str,
    database: &'static str,
    prefix: &'static str,
    address: SocketAddr,
    host: String,
    pid: u32,
    database_pid: Option<u32>,
    readers: Readers,
}

impl Target {
    fn prepare(&self, scenario: Scenario, vocabulary: &Vocabulary) -> Arc<Vec<Prepared>> {
        let Readers { usual, heavy } = &self.readers;
        scenario.prepare(Place { prefix: self.prefix, host: &self.host, readers: usual, heavy }, vocabulary)
    }

    fn usage(&self) -> Result<Usage> {
        let database = self.database_pid.map(usage::with_children).transpose()?;
        let (server, own) = (usage::of_process(self.pid)?, usage::of_process(std::process::id())?);
        let ours = server + own + database.unwrap_or_default();
        Ok(Usage { server, database, others: usage::of_machine()?.saturating_sub(ours) })
    }
}

/// CPU times: of the server, of PostgreSQL, and of all other processes except this one.
struct Usage {
    server: Duration,
    database: Option<Duration>,
    others: Duration,
}

impl Bench<'_> {
    async fn measure(&mut self, messages: u64) -> Result<()> {
        let plan = Plan { readers: self.run.common.readers, messages };
        let common = &self.run.common;
        let mut databases = Vec::new();
        for kind in &common.databases {
            let address = match (kind, self.cluster) {
                (Kind::Postgres, Some(cluster)) => {
                    cluster.url(&seed::postgres_copy(common, messages, cluster).await?)
                }
                _ => format!(
                    "sqlite://{}",
                    seed::sqlite_copy(common, messages).await?.canonicalize()?.display()
                ),
            };
            databases.push((*kind, address));
        }
        self.rounds(plan, &databases).await?;
        if self.run.streams > 0 {
            for (kind, address) in &databases {
                // A fresh server: memory retained from earlier requests would hide what streams need.
                let build = ("streams", self.run.bin.as_path());
                let server = Server::start(self.run, self.pin, build, (*kind, address)).await?;
                let readers = Readers::sign_in(&server, plan).await?;
                let what = (kind.name(), messages);
                let measured =
                    streams::measure(&server, &readers, self.run.streams, &self.vocabulary, what).await?;
                eprintln!("  {measured:?}");
                self.log.add(&measured)?;
                self.streams.push(measured);
            }
        }
        Ok(())
    }

    async fn rounds(&mut self, plan: Plan, databases: &[(Kind, String)]) -> Result<()> {
        let (mut servers, mut targets) = (Vec::new(), Vec::new());
        let cluster_pid = self.cluster.map(Cluster::pid).transpose()?;
        for (kind, address) in databases {
            for build in self.run.builds() {
                let server = Server::start(self.run, self.pin, build, (*kind, address)).await?;
                targets.push(Target {
                    name: build.0,
                    database: kind.name(),
                    prefix: "/api",
                    address: server.address,
                    host: server.host.clone(),
                    pid: server.program.pid(),
                    database_pid: cluster_pid.filter(|_| *kind == Kind::Postgres),
                    readers: Readers::sign_in(&server, plan).await?,
                });
                servers.push(server);
            }
        }
        let peer = self.peer(plan, &servers).await?;
        if let (Some(peer), Some(target)) = (&peer, targets.last()) {
            targets.push(Target {
                name: "FastAPI",
                database: Kind::Postgres.name(),
                prefix: "",
                address: peer.address,
                host: peer.host.clone(),
                pid: peer.program.pid(),
                database_pid: cluster_pid,
                readers: target.readers.clone(),
            });
        }
        for target in &targets {
            eprintln!("  {} on {}: {}, pid {}", target.name, target.database, target.address, target.pid);
        }
        for round in 1..=self.run.rounds {
            self.round(round, plan, &mut targets).await?;
        }
        Ok(())
    }

    /// The peer, if given; it accepts the tokens of the last server.
    async fn peer(&self, plan: Plan, servers: &[Server]) -> Result<Option<Peer>> {
        let common = &self.run.common;
        let (Some(folder), Some(cluster), Some(issuer)) = (&common.peer, self.cluster, servers.last()) else {
            return Ok(None);
        };
        let Some(database) = seed::peer_copy(common, plan.messages, cluster).await? else { return Ok(None) };
        let address = cluster.asyncpg_url(&database);
        Peer::start(&common.work, folder, self.pin, &address, issuer).await.map(Some)
    }

    async fn round(&mut self, round: u32, plan: Plan, targets: &mut [Target]) -> Result<()> {
        for scenario in self.run.scenarios.clone() {
            for connections in self.run.connections.clone() {
                // Alternate the order, so that no target always runs on a cooler machine.
                targets.rotate_left(1);
                for target in targets.iter().filter(|it| !it.prefix.is_empty() || scenario.peer_knows()) {
                    let row = self.one(target, plan, scenario, connections, round).await?;
                    self.log.add(&row)?;
                    self.rows.push(row);
                }
            }
        }
        Ok(())
    }

    async fn one(
        &self,
        target: &Target,
        plan: Plan,
        scenario: Scenario,
        connections: usize,
        round: u32,
    ) -> Result<Row> {
        let requests = target.prepare(scenario, &self.vocabulary);
        let times = (WARM_UP, self.run.window());
        let measured = load::window(target.address, &requests, connections, times, || target.usage()).await?;
        let (outcome, before, after) = measured;
        if let Some(error) = &outcome.first_error {
            eprintln!("  {} {scenario}: {error}", target.name);
        }
        let count = outcome.latencies.len();
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / count.max(1) as f64;
        let database_cpu =
            before.database.zip(after.database).map(|(before, after)| each(after.saturating_sub(before)));
        let row = Row {
            server: target.name,
            database: target.database,
            messages: plan.messages,
            scenario: scenario.to_string(),
            connections,
            round,
            requests: count,
            errors: outcome.errors,
            rate: count as f64 / self.run.seconds,
            p50: outcome.percentile(50.0),
            p95: outcome.percentile(95.0),
            p99: outcome.percentile(99.0),
            server_cpu: each(after.server.saturating_sub(before.server)),
            database_cpu,
            others: after.others.saturating_sub(before.others).as_secs_f64() / self.run.seconds,
        };
        eprintln!(
            "  {:>9} {} {:>10} {scenario:>12} {connections:>3}  {:>7.0}/s  p50 {:.2} p95 {:.2} p99 {:.2} ms  CPU {:.0} + {:.0} µs  others {:.1}",
            plan.messages,
            row.server,
            row.database,
            row.rate,
            row.p50,
            row.p95,
            row.p99,
            row.server_cpu,
            row.database_cpu.unwrap_or_default(),
            row.others,
        );
        Ok(row)
    }
}
