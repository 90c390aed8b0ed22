//! What holds at the socket: the loop that `main` runs, spoken to byte by byte.

mod bounds;
mod crowd;
mod framing;
mod headers;
mod http2;
mod process;
mod raw_client;
mod requests;
mod stopping;

use std::{collections::BTreeMap, env, net::SocketAddr};

use bookplate::{
    adapters,
    config::{Config, Sources},
    server::{ServerLimits, listen},
};
use testkit::{SeededEntropy, databases::TestDatabase};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{AbortHandle, JoinHandle},
};

use self::raw_client::Line;
use crate::app::UNLIMITED;

const OK: &str = "GET /api/auth/ok HTTP/1.1\r\nHost: localhost:3001\r\n\r\n";

/// A server on a port of its own, with the real clock and the real hasher; gone when dropped.
struct Server {
    address: SocketAddr,
    running: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    abort: AbortHandle,
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
        let running = tokio::spawn(listen(listener, bookplate::router(state), bounds, async {
            let _ = stopped.await;
        }));
        let abort = running.abort_handle();
        Self { address, running, stop: Some(stop), abort, _database: database }
    }

    async fn line(&self) -> Line {
        Line::to(self.address).await
    }

    /// Asserts that a stranger is answered now.
    async fn answers(&self) {
        let mut line = self.line().await;
        line.send(OK).await;
        let answer = line.answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"ok":true}"#));
    }

    /// Asks it to stop and waits until it has.
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
