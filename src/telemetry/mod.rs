//! The log, and the id and span of each request.

mod request;

pub use request::{X_REQUEST_ID, trace_request};

use std::{
    env,
    ffi::OsStr,
    io::{self, IsTerminal},
};

use tracing::Metadata;
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

/// Starts logging to standard error; with colours where that is a terminal.
pub fn init(level: &str) {
    let is_coloured = is_coloured(io::stderr().is_terminal(), env::var_os("NO_COLOR").as_deref());
    tracing_subscriber::registry()
        .with(filter(level))
        .with(filter_fn(may_be_logged))
        .with(fmt::layer().with_writer(io::stderr).with_ansi(is_coloured))
        .init();
}

/// Colour codes in a file or in a host's log viewer are noise. `NO_COLOR` with any value turns them off everywhere
/// (<https://no-color.org>).
fn is_coloured(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

fn filter(level: &str) -> EnvFilter {
    if level == "off" {
        return EnvFilter::new("off");
    }
    // PostgreSQL sends a notice for every table that exists already, and sqlx logs it; `level` may override this.
    EnvFilter::new(format!("sqlx=warn,{level}"))
}

/// Whatever the level: where sqlx reads the address of a database and the password file, it logs what it does not
/// understand, and that may be a password.
fn may_be_logged(event: &Metadata<'_>) -> bool {
    !event.target().starts_with("sqlx_postgres::options")
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged at a level.
    fn logged(level: &str, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
        let subscriber =
            tracing_subscriber::registry().with(filter(level)).with(filter_fn(may_be_logged)).with(layer);
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn only_a_terminal_gets_colours_and_only_without_no_color() {
        assert!(is_coloured(true, None));
        assert!(is_coloured(true, Some(OsStr::new(""))));
        assert!(!is_coloured(true, Some(OsStr::new("1"))));
        assert!(!is_coloured(false, None));
    }

    #[test]
    fn off_is_off_for_every_library() {
        let log = || {
            tracing::error!(target: "sqlx_postgres::connection", "a");
            tracing::error!("b");
        };
        assert_eq!(logged("off", log), "");
        assert_eq!(logged("info", log).lines().count(), 2);
    }

    #[test]
    fn what_sqlx_reads_in_an_address_is_logged_at_no_level() {
        for level in ["off", "warn", "trace", "trace,sqlx=trace", "sqlx_postgres::options::parse=trace"] {
            let said = logged(level, || {
                tracing::warn!(target: "sqlx_postgres::options::parse", key = "sslpassword", value = "hunter2", "x");
                tracing::warn!(target: "sqlx_postgres::options::pgpass", line = "hunter2", "x");
            });
            assert_eq!(said, "", "{level}");
        }
    }
}
