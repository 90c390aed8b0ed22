use contract::Timestamp;
use proptest::prelude::*;

/// The last millisecond that is written with four digits of a year.
const LAST: i64 = 253_402_300_799_999;

/// Milliseconds of `YYYY-MM-DDTHH:MM:SS.mmmZ`, by the arithmetic of the calendar alone.
fn millis(iso: &str) -> i64 {
    let number = |from: usize, to: usize| iso.get(from..to).unwrap().parse::<i64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    // March is the first month of this year, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    ((days * 24 + number(11, 13)) * 60 + number(14, 16)) * 60_000 + number(17, 19) * 1000 + number(20, 23)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_moment_is_written_exactly(moment in 0..=LAST) {
        let iso = Timestamp::from_millis(moment).iso();
        prop_assert_eq!(iso.len(), 24);
        prop_assert!(iso.ends_with('Z'));
        prop_assert_eq!(millis(&iso), moment);
    }

    #[test]
    fn written_moments_sort_as_they_follow(one in 0..=LAST, other in 0..=LAST) {
        let (one, other) = (Timestamp::from_millis(one), Timestamp::from_millis(other));
        prop_assert_eq!(one.iso().cmp(&other.iso()), one.cmp(&other));
    }

    #[test]
    fn arithmetic_stays_within_time(moment: i64, seconds: i64, other: i64) {
        let moment = Timestamp::from_millis(moment);
        let later = moment.plus_seconds(seconds);
        prop_assert_eq!(later >= moment, seconds >= 0 || later == moment);
        let _ = (moment.iso(), moment.seconds(), moment.seconds_since(Timestamp::from_millis(other)));
    }

    #[test]
    fn seconds_since_counts_whole_seconds(moment in 0..=LAST, seconds in -1_000_000_000_i64..1_000_000_000, rest in 0..1000_i64) {
        let earlier = Timestamp::from_millis(moment);
        let later = Timestamp::from_millis(moment + seconds * 1000 + rest);
        prop_assert_eq!(later.seconds_since(earlier), seconds);
        prop_assert_eq!(earlier.plus_seconds(seconds).millis(), moment + seconds * 1000);
    }
}

#[test]
fn a_moment_on_the_wire_is_its_text() {
    let json = serde_json::to_string(&Timestamp::from_millis(1_795_219_200_007)).unwrap();
    assert_eq!(json, "\"2026-11-21T00:00:00.007Z\"");
}
