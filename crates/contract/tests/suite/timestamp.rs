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

#[test]
fn a_moment_of_rfc_3339_is_read_in_every_spelling() {
    for (text, iso) in [
        ("2026-11-21T00:00:00.007Z", "2026-11-21T00:00:00.007Z"),
        ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00.000Z"),
        ("2026-11-21t02:00:00.0079999+02:00", "2026-11-21T00:00:00.007Z"),
        ("2026-11-20T18:30:00.1-05:30", "2026-11-21T00:00:00.100Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("2024-02-29T12:00:00z", "2024-02-29T12:00:00.000Z"),
    ] {
        assert_eq!(Timestamp::parse(text).map(Timestamp::iso).as_deref(), Some(iso), "{text}");
        let read: Timestamp = serde_json::from_value(text.into()).unwrap();
        assert_eq!(read.iso(), iso, "{text:?} {iso:?}");
    }
    for text in [
        "",
        "2026-11-21",
        "2026-11-21T00:00:00",
        "2026-11-21T24:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "21.11.2026",
        "1795219200007",
        " 2026-11-21T00:00:00Z",
        "2026-11-21T00:00:00Z ",
    ] {
        assert_eq!(Timestamp::parse(text), None, "{text}");
        assert!(serde_json::from_value::<Timestamp>(text.into()).is_err(), "{text}");
    }
    assert!(serde_json::from_value::<Timestamp>(7.into()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(moment in 0..=LAST) {
        let moment = Timestamp::from_millis(moment);
        prop_assert_eq!(Timestamp::parse(&moment.iso()), Some(moment));
    }

    #[test]
    fn any_text_is_a_moment_or_none(text: String) {
        let _ = Timestamp::parse(&text);
    }
}
