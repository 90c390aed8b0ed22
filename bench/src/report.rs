//! Reports: a line of JSON for each measurement, and a table of medians.

use std::{fs::File, io::Write, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::streams::Streams;

/// One measurement, or the median of several.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) server: &'static str,
    pub(crate) database: &'static str,
    pub(crate) messages: u64,
    pub(crate) scenario: String,
    pub(crate) connections: usize,
    pub(crate) round: u32,
    pub(crate) requests: usize,
    pub(crate) errors: u64,
    /// Requests per second.
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    /// CPU microseconds per request: of the server, and of all PostgreSQL processes.
    pub(crate) server_cpu: f64,
    pub(crate) database_cpu: Option<f64>,
    /// Cores kept busy by other processes meanwhile.
    pub(crate) others: f64,
}

/// Writes lines of JSON.
#[derive(Debug)]
pub(crate) struct Log(File);

impl Log {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        Ok(Self(File::create(path).with_context(|| format!("cannot write {}", path.display()))?))
    }

    pub(crate) fn add(&mut self, row: &impl Serialize) -> Result<()> {
        Ok(writeln!(self.0, "{}", serde_json::to_string(row)?)?)
    }
}

/// The medians of repeated measurements, in their original order.
pub(crate) fn medians(rows: &[Row]) -> Vec<Row> {
    let key = |row: &Row| (row.server, row.database, row.messages, row.scenario.clone(), row.connections);
    let mut merged: Vec<Row> = Vec::new();
    for row in rows {
        if merged.iter().any(|it| key(it) == key(row)) {
            continue;
        }
        let same: Vec<&Row> = rows.iter().filter(|it| key(it) == key(row)).collect();
        let of = |value: fn(&Row) -> f64| median(same.iter().map(|it| value(it)).collect());
        merged.push(Row {
            round: 0,
            requests: same.iter().map(|it| it.requests).sum(),
            errors: same.iter().map(|it| it.errors).sum(),
            rate: of(|it| it.rate),
            p50: of(|it| it.p50),
            p95: of(|it| it.p95),
            p99: of(|it| it.p99),
            server_cpu: of(|it| it.server_cpu),
            database_cpu: row.database_cpu.map(|_| of(|it| it.database_cpu.unwrap_or_default())),
            others: of(|it| it.others),
            ..row.clone()
        });
    }
    merged
}

/// The middle one; the upper one of two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The table, in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| server | database | messages | scenario | connections | req/s | p50 ms | p95 ms | p99 ms | CPU server µs | CPU database µs | CPU both µs | errors | others' cores |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let database = row.database_cpu.map_or("".to_owned(), |cpu| format!("{cpu:.0}"));
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {:.0} | {database} | {:.0} | {} | {:.1} |\n",
            row.server,
            row.database,
            row.messages,
            row.scenario,
            row.connections,
            row.rate,
            row.p50,
            row.p95,
            row.p99,
            row.server_cpu,
            row.server_cpu + row.database_cpu.unwrap_or_default(),
            row.errors,
            row.others,
        ));
    }
    text
}

/// The table of event streams.
pub(crate) fn streams_table(rows: &[Streams]) -> String {
    let mut text = String::from(
        "| database | messages | streams | RSS before MB | RSS after MB | KB each | KB each further | own KB each | own KB each further | idle CPU ms/s | event p50 ms | p95 ms | p99 ms |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let (each, further) = row.each(|memory| memory.resident);
        let (own, own_further) = row.each(|memory| memory.own);
        text.push_str(&format!(
            "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.2} |\n",
            row.database,
            row.messages,
            row.streams,
            row.before.resident as f64 / 1e6,
            row.after.resident as f64 / 1e6,
            each / 1e3,
            further / 1e3,
            own / 1e3,
            own_further / 1e3,
            row.idle,
            row.p50,
            row.p95,
            row.p99,
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(round: u32, rate: f64) -> Row {
        Row {
            server: "bookplate",
            database: "SQLite",
            messages: 1,
            scenario: "list".into(),
            connections: 1,
            round,
            requests: 10,
            errors: 0,
            rate,
            p50: 1.0,
            p95: 2.0,
            p99: 3.0,
            server_cpu: 50.0,
            database_cpu: None,
            others: 0.5,
        }
    }

    #[test]
    fn rounds_become_their_median() {
        let other = Row { scenario: "read".into(), ..row(1, 7.0) };
        let merged = medians(&[row(1, 10.0), other, row(2, 30.0), row(3, 20.0)]);
        assert_eq!(merged.iter().map(|it| it.rate).collect::<Vec<_>>(), [20.0, 7.0]);
        assert_eq!(merged.first().map(|it| it.requests), Some(30));
    }
}
