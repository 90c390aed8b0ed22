//! How much is logged.

use tracing_subscriber::EnvFilter;

use super::{loader::Reading, variables};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A level or a filter of tracing-subscriber's `EnvFilter`.
pub(super) fn level(reading: &mut Reading<'_>) -> String {
    let wanted = "off, error, warn, info, debug or trace, or a filter such as info,bookplate=debug";
    reading.parsed(&variables::LOG, "info".to_owned(), wanted, |text| {
        let filter = text.to_ascii_lowercase();
        // The filter takes any word for the name of a module, so a misspelt level would log everything of nothing.
        let words =
            filter.split(',').map(str::trim).all(|part| part.contains(['=', '[']) || LEVELS.contains(&part));
        let valid = words && EnvFilter::builder().parse(&filter).is_ok();
        valid.then_some(filter)
    })
}
