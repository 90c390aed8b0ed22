//! The log, and the id and span of each request.

mod request;

pub use request::{X_REQUEST_ID, trace_request};

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error.
pub fn init(filter: &str) {
    // PostgreSQL sends a notice for every table that exists already, and sqlx logs it; `filter` may override this.
    let filter = EnvFilter::new(format!("sqlx=warn,{filter}"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
