//! Time that passes when a test says so.

use std::sync::atomic::{AtomicI64, Ordering};

use contract::Timestamp;
use domain::Clock;

/// Stands at one moment until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// 2026-11-21T00:00:00.000Z.
    pub const START: Timestamp = Timestamp::from_millis(1_795_219_200_000);

    /// Lets `seconds` pass; negative ones go back.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self(AtomicI64::new(Self::START.millis()))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_until_it_is_moved() {
        let clock = FixedClock::default();
        assert_eq!(clock.now().iso(), "2026-11-21T00:00:00.000Z");
        clock.advance_seconds(61);
        assert_eq!(clock.now().iso(), "2026-11-21T00:01:01.000Z");
    }
}
