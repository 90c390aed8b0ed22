//! The CPU time of a new build against an old one.

use crate::report::{Row, median};

pub(crate) const OLD: &str = "old";
/// The same build once more, in a process of its own: what it differs from the first is noise.
pub(crate) const OLD_AGAIN: &str = "old-again";
pub(crate) const NEW: &str = "new";

/// The table, in Markdown: CPU a request of server and database, round by round, and the differences of the medians.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "CPU a request of server and database, in µs: each round, then the median.\n\n\
         | database | messages | scenario | connections | old | old again | new | noise | new against old |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for first in rows.iter().filter(|row| row.server == OLD && row.round == 1) {
        let of = |server: &str| -> Vec<f64> {
            let same = |row: &&Row| {
                row.server == server
                    && (row.database, row.messages, row.connections)
                        == (first.database, first.messages, first.connections)
                    && row.scenario == first.scenario
            };
            rows.iter()
                .filter(same)
                .map(|row| row.server_cpu + row.database_cpu.unwrap_or_default())
                .collect()
        };
        let (old, again, new) = (of(OLD), of(OLD_AGAIN), of(NEW));
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            first.database,
            first.messages,
            first.scenario,
            first.connections,
            rounds(&old),
            rounds(&again),
            rounds(&new),
            difference(&old, &again),
            difference(&old, &new),
        ));
    }
    text
}

fn rounds(values: &[f64]) -> String {
    let each: Vec<String> = values.iter().map(|value| format!("{value:.0}")).collect();
    format!("{}: **{:.0}**", each.join(" "), median(values.to_vec()))
}

/// How much the second median is above the first, in per cent.
fn difference(from: &[f64], to: &[f64]) -> String {
    let (from, to) = (median(from.to_vec()), median(to.to_vec()));
    format!("{:+.1} %", (to / from - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_that_of_the_medians() {
        assert_eq!(difference(&[100.0, 90.0, 500.0], &[112.0, 1.0, 999.0]), "+12.0 %");
        assert_eq!(rounds(&[100.4, 90.0, 500.0]), "100 90 500: **100**");
    }
}
