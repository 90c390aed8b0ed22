//! Tests of the accept loop over real sockets, byte by byte.

mod deadlines;
mod framing;
mod headers;
mod http2;
mod load;
pub(crate) mod process;
mod raw_client;
mod reader;
mod requests;
mod shutdown;
mod streams;

use std::{collections::BTreeMap, env, net::SocketAddr, sync::Arc, time::Duration};

use axum::middleware;
use bookplate::{
    adapters,
    config::{Config, Sources},
    server::{ServerLimits, listen},
};
use testkit::{SeededEntropy, databases::TestDatabase};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::{AbortHandle, JoinHandle},
    time::timeout,
};

use self::raw_client::Line;
use crate::app::UNLIMITED;

/// Longer than anything here takes, on a loaded machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A deadline that a test does not wait for.
const LONG: Duration = Duration::from_hours(1);

const OK: &str = "GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3001\r\n\r\n";

/// A server on its own port, with the real clock and hasher; stopped on drop.
struct Server {
    address: SocketAddr,
    running: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    abort: AbortHandle,
    /// The number of requests that have reached the router.
    begun: watch::Receiver<usize>,
    _database: TestDatabase,
}

impl Server {
    async fn start(database: TestDatabase, bounds: ServerLimits) -> Self {
        let variables = [
            ("DATABASE_URL", database.url().to_owned()),
            ("BOOKPLATE_SECRET", "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A".to_owned()),
        ];
        let mut environment: BTreeMap<String, String> =
            variables.map(|(name, value)| (name.to_owned(), value)).into();
        environment.extend(UNLIMITED.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let sources = Sources::new(environment, env::temp_dir());
        let config = Config::load(&sources, &SeededEntropy::new(0)).unwrap();
        let ports = adapters::ports(&config.mail).unwrap();
        let state = bookplate::compose(config, (*database).clone(), ports).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (counter, begun) = watch::channel(0);
        let counter = Arc::new(counter);
        let router = bookplate::router(state).layer(middleware::from_fn(
            move |request: axum::extract::Request, next: middleware::Next| {
                counter.send_modify(|requests| *requests += 1);
                next.run(request)
            },
        ));
        let running = tokio::spawn(listen(listener, router, bounds, async {
            let _ = stopped.await;
        }));
        let abort = running.abort_handle();
        Self { address, running, stop: Some(stop), abort, begun, _database: database }
    }

    async fn line(&self) -> Line {
        Line::to(self.address).await
    }

    /// Waits until this many requests have reached the router. Sent bytes are not necessarily read yet.
    async fn has_begun(&self, requests: usize) {
        let mut begun = self.begun.clone();
        timeout(PATIENCE, begun.wait_for(|count| *count >= requests)).await.unwrap().unwrap();
    }

    /// Asserts that a new client is answered now.
    async fn answers(&self) {
        let mut line = self.line().await;
        line.send(OK).await;
        let answer = line.answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"ok":true}"#));
    }

    /// Shuts it down and waits.
    async fn stopped(mut self) {
        let _ = self.stop.take().unwrap().send(());
        (&mut self.running).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.abort.abort();
    }
}
