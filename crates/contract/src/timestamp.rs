//! The one representation of time, in JSON and in the database.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

/// A moment as milliseconds since the Unix epoch, UTC.
///
/// On the wire it is ISO 8601 with exactly three fractional digits and `Z`; in a table it is a `bigint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down: the unit of JWT claims (RFC 7519 section 2, `NumericDate`).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and `seconds` more; stays at the end of time instead of overflowing.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }

    /// `2026-11-20T23:05:05.131Z`. A list has dozens of them, so no format is interpreted for each.
    pub fn iso(self) -> String {
        let Some(moment) = self.moment() else { return String::new() };
        let mut text = String::with_capacity(24);
        let mut write = |number: u32, powers: &[u32], end: char| {
            text.extend(powers.iter().filter_map(|power| char::from_digit(number / power % 10, 10)));
            text.push(end);
        };
        write(moment.year().unsigned_abs(), &[1000, 100, 10, 1], '-');
        write(u8::from(moment.month()).into(), &[10, 1], '-');
        write(moment.day().into(), &[10, 1], 'T');
        write(moment.hour().into(), &[10, 1], ':');
        write(moment.minute().into(), &[10, 1], ':');
        write(moment.second().into(), &[10, 1], '.');
        write(moment.millisecond().into(), &[100, 10, 1], 'Z');
        text
    }

    /// Reads a moment of RFC 3339; what is smaller than a millisecond is cut off. One whose year has four digits only
    /// where its clock stands, and not in UTC, is none: it could not be written.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let moment = moment.checked_to_offset(UtcOffset::UTC)?;
        let read = i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)?;
        read.moment().map(|_| read)
    }

    /// `20 November 2026`, in UTC: a day as pages show it.
    pub fn day(self) -> String {
        self.written(format_description!("[day padding:none] [month repr:long] [year]"))
    }

    fn written(self, format: &[BorrowedFormatItem<'_>]) -> String {
        self.moment().and_then(|moment| moment.format(format).ok()).unwrap_or_default()
    }

    /// `None` where the year would not have four digits.
    fn moment(self) -> Option<OffsetDateTime> {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).ok()?;
        (0..=9999).contains(&moment.year()).then_some(moment)
    }
}

/// Reads what [`Timestamp::iso`] writes, and any other moment of RFC 3339.
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("expected a time such as 2026-11-20T23:05:05.131Z"))
    }
}

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        let format = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
        ObjectBuilder::new().schema_type(Type::String).format(format).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_three_fractional_digits() {
        assert_eq!(Timestamp::from_millis(1_795_215_905_131).iso(), "2026-11-20T23:05:05.131Z");
        assert_eq!(Timestamp::from_millis(0).iso(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(0).day(), "1 January 1970");
    }

    #[test]
    fn every_day_of_four_centuries_is_written_so_that_it_is_read_as_itself() {
        for day in -50_000_i64..100_000 {
            let moment = Timestamp::from_millis(day * 86_400_000 + (day * 7_919_993).rem_euclid(86_400_000));
            assert_eq!(Timestamp::parse(&moment.iso()), Some(moment));
            assert_eq!(moment.iso().len(), 24);
        }
        assert_eq!(Timestamp::from_millis(i64::MAX).iso(), "");
    }

    #[test]
    fn a_moment_that_is_read_can_be_written_and_read_again() {
        for (text, written) in [
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("0000-01-02T00:00:00+23:59", "0000-01-01T00:01:00.000Z"),
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
            ("2026-11-21T01:05:05.131+02:00", "2026-11-20T23:05:05.131Z"),
        ] {
            let moment = Timestamp::parse(text).unwrap();
            assert_eq!(moment.iso(), written);
            assert_eq!(Timestamp::parse(written), Some(moment));
        }
        for beyond in ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59-23:59"]
        {
            assert_eq!(Timestamp::parse(beyond), None, "{beyond}");
        }
    }
}
