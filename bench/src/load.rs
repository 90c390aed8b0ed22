//! A closed-loop load generator: each connection sends its next request after the previous response.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::{task::JoinSet, time::sleep_until};

use crate::{http_connection::HttpConnection, vocabulary::Rng};

/// A request and its expected response.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: u16,
    /// Text that the body must contain.
    pub(crate) holds: &'static str,
}

/// The result of a measurement.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// In microseconds, sorted.
    pub(crate) latencies: Vec<u32>,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

/// Sends requests over several connections, first as a warm-up, then measured. `snapshot` is called at the beginning
/// and at the end of the measurement; both results are returned.
pub(crate) async fn window<T>(
    address: SocketAddr,
    requests: &Arc<Vec<Prepared>>,
    connections: usize,
    (warm_up, lasting): (Duration, Duration),
    snapshot: impl Fn() -> Result<T>,
) -> Result<(Outcome, T, T)> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(HttpConnection::connect(address).await?);
    }
    let begin = Instant::now() + warm_up;
    let end = begin + lasting;
    let mut tasks = JoinSet::new();
    for (at, connection) in open.into_iter().enumerate() {
        tasks.spawn(one(connection, Arc::clone(requests), Rng::at("connection", at as u64, 0), begin, end));
    }
    sleep_until(begin.into()).await;
    let before = snapshot()?;
    sleep_until(end.into()).await;
    let after = snapshot()?;
    let mut all = Outcome::default();
    for outcome in tasks.join_all().await {
        all.latencies.extend(outcome.latencies);
        all.errors += outcome.errors;
        all.first_error = all.first_error.or(outcome.first_error);
    }
    all.latencies.sort_unstable();
    Ok((all, before, after))
}

async fn one(
    mut connection: HttpConnection,
    requests: Arc<Vec<Prepared>>,
    mut rng: Rng,
    begin: Instant,
    end: Instant,
) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let Some(request) = requests.get(rng.below(requests.len() as u64) as usize) else { return outcome };
        let sent = Instant::now();
        if sent >= end {
            return outcome;
        }
        let wrong = match connection.ask(&request.bytes).await {
            Ok(answer) if answer.status == request.status && contains(answer.body, request.holds) => None,
            Ok(answer) => Some(answer.words()),
            Err(error) => Some(format!("{error:#}")),
        };
        if sent >= begin && wrong.is_none() {
            outcome.latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        if let Some(wrong) = wrong {
            outcome.errors += 1;
            outcome.first_error.get_or_insert(wrong);
            // A closed connection keeps failing.
            if outcome.errors > 100 {
                return outcome;
            }
        }
    }
}

fn contains(body: &[u8], words: &str) -> bool {
    words.is_empty() || body.windows(words.len()).any(|window| window == words.as_bytes())
}

impl Outcome {
    /// A percentile of the latencies, in milliseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        percentile(&self.latencies, percent)
    }
}

/// See [`Outcome::percentile`]; takes sorted microseconds.
pub(crate) fn percentile(sorted: &[u32], percent: f64) -> f64 {
    let at = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let sorted: Vec<u32> = (1..=100).map(|it| it * 1000).collect();
        assert_eq!(percentile(&sorted, 50.0), 50.0);
        assert_eq!(percentile(&sorted, 95.0), 95.0);
        assert_eq!(percentile(&sorted, 99.0), 99.0);
        assert!(percentile(&[], 50.0).is_nan());
        assert_eq!(percentile(&[7000], 99.0), 7.0);
    }
}
