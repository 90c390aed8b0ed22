//! How JWTs are signed and how long they live.

use domain::Algorithm;

use super::{loader::Reading, time, variables};

/// What signs for every audience without a secret of its own.
pub(super) fn algorithm(reading: &mut Reading<'_>) -> Algorithm {
    let wanted = "ES256, EdDSA or RS256; for HS256 declare an audience (docs/CONFIGURATION.md)";
    reading.parsed(&variables::JWT_ALGORITHM, Algorithm::Es256, wanted, |text| {
        Algorithm::ASYMMETRIC.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(text))
    })
}

/// Seconds a token lives.
pub(super) fn lifetime(reading: &mut Reading<'_>) -> i64 {
    let wanted = "a time from 60 to 3600 seconds, such as 900, 15m or 1h";
    reading.parsed(&variables::JWT_LIFETIME, 900, wanted, |text| {
        time::seconds(text).map(i64::from).filter(|seconds| (60..=3600).contains(seconds))
    })
}
