//! The book's colour where it can be read, on light paper and on dark (WCAG 2.2, contrast minimum 4.5:1).

/// A colour of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(u8, u8, u8);

pub(super) const WHITE: Colour = Colour(0xff, 0xff, 0xff);
pub(super) const BLACK: Colour = Colour(0, 0, 0);
/// The plate by day and by night, as in `style/tokens.css`.
pub(super) const LIGHT_PLATE: Colour = Colour(0xfc, 0xfa, 0xf5);
pub(super) const DARK_PLATE: Colour = Colour(0x1e, 0x1b, 0x17);
/// Words on a button by night.
pub(super) const DARK_ON_ACCENT: Colour = Colour(0x17, 0x14, 0x11);

/// The colour of a book that has none that can be read: bookcloth green.
const DEFAULT: Colour = Colour(0x1f, 0x5c, 0x4d);
/// What text needs.
const ENOUGH: f64 = 4.5;
/// In so many steps a colour becomes black or white.
const STEPS: u8 = 24;

impl Colour {
    /// `#rrggbb`; anything else is the colour of the house.
    pub(super) fn parse(text: &str) -> Self {
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii());
        let number = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        number.map_or(DEFAULT, |number| {
            let [_, red, green, blue] = number.to_be_bytes();
            Self(red, green, blue)
        })
    }

    /// `#rrggbb`.
    pub(super) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// This colour, darkened until it can be read on the light plate and white can be read on it.
    pub(super) fn by_day(self) -> Self {
        self.towards(BLACK, &[LIGHT_PLATE, WHITE])
    }

    /// This colour, lightened until it can be read on the dark plate and dark words can be read on it.
    pub(super) fn by_night(self) -> Self {
        self.towards(WHITE, &[DARK_PLATE, DARK_ON_ACCENT])
    }

    fn towards(self, end: Self, against: &[Self]) -> Self {
        let fits = |it: &Self| against.iter().all(|other| it.contrast(*other) >= ENOUGH);
        (0..=STEPS).map(|step| self.mixed(end, step)).find(fits).unwrap_or(end)
    }

    fn mixed(self, end: Self, step: u8) -> Self {
        let mix = |from: u8, to: u8| {
            let sum = u32::from(from) * u32::from(STEPS - step) + u32::from(to) * u32::from(step);
            u8::try_from(sum / u32::from(STEPS)).unwrap_or(u8::MAX)
        };
        Self(mix(self.0, end.0), mix(self.1, end.1), mix(self.2, end.2))
    }

    /// From 1 to 21, whichever is the lighter.
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contrast_is_measured_as_the_guidelines_do() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        assert!((Colour::parse("#767676").contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_colour_that_can_be_read_stays_and_a_broken_one_is_the_colour_of_the_house() {
        assert_eq!(Colour::parse("#1f5c4d").by_day().hex(), "#1f5c4d");
        for broken in ["", "1f5c4d", "#fff", "#ggg000", "red", "#1f5c4d;}", "#äöü"] {
            assert_eq!(Colour::parse(broken), DEFAULT, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn every_colour_can_be_read_by_day_and_by_night(red: u8, green: u8, blue: u8) {
            let colour = Colour(red, green, blue);
            prop_assert_eq!(Colour::parse(&colour.hex()), colour);
            prop_assert!(colour.by_day().contrast(WHITE) >= ENOUGH);
            prop_assert!(colour.by_day().contrast(LIGHT_PLATE) >= ENOUGH);
            prop_assert!(colour.by_night().contrast(DARK_PLATE) >= ENOUGH);
            prop_assert!(colour.by_night().contrast(DARK_ON_ACCENT) >= ENOUGH);
        }
    }
}
