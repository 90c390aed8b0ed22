//! The book's colour made legible on light paper and on dark (WCAG 2.2, contrast minimum 4.5:1).

use std::fmt;

/// A colour of sRGB; displayed as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

const WHITE: Colour = Colour([0xff, 0xff, 0xff]);
const BLACK: Colour = Colour([0, 0, 0]);
/// The paper of the card by day and by night, as in `style/tokens.css`.
pub(super) const LIGHT_CARD: Colour = Colour([0xfc, 0xfa, 0xf5]);
pub(super) const DARK_CARD: Colour = Colour([0x1e, 0x1b, 0x17]);
/// Words on a button by night.
pub(super) const DARK_ON_ACCENT: Colour = Colour([0x17, 0x14, 0x11]);

/// The colour of a book without a valid one: bookcloth green.
const DEFAULT: Colour = Colour([0x1f, 0x5c, 0x4d]);
/// What text needs.
const ENOUGH: f64 = 4.5;
/// In so many steps a colour becomes black or white.
const STEPS: u8 = 24;

impl Colour {
    /// Parses `#rrggbb`; anything else is the default colour.
    pub(super) fn parse(text: &str) -> Self {
        let mut rgb = [0; 3];
        let digits = text.strip_prefix('#').unwrap_or_default();
        hex::decode_to_slice(digits, &mut rgb).map_or(DEFAULT, |()| Self(rgb))
    }

    /// This colour, darkened until it can be read on the light plate and white can be read on it.
    pub(super) fn for_light_scheme(self) -> Self {
        self.towards(BLACK, &[LIGHT_CARD, WHITE])
    }

    /// This colour, lightened until it can be read on the dark plate and dark words can be read on it.
    pub(super) fn for_dark_scheme(self) -> Self {
        self.towards(WHITE, &[DARK_CARD, DARK_ON_ACCENT])
    }

    fn towards(self, end: Self, against: &[Self]) -> Self {
        let fits = |it: &Self| against.iter().all(|other| it.contrast(*other) >= ENOUGH);
        (0..=STEPS).map(|step| self.mixed(end, step)).find(fits).unwrap_or(end)
    }

    fn mixed(self, end: Self, step: u8) -> Self {
        let mix = |(from, to): (u8, u8)| {
            let sum = u32::from(from) * u32::from(STEPS - step) + u32::from(to) * u32::from(step);
            u8::try_from(sum / u32::from(STEPS)).unwrap_or(u8::MAX)
        };
        let ([r, g, b], [to_r, to_g, to_b]) = (self.0, end.0);
        Self([(r, to_r), (g, to_g), (b, to_b)].map(mix))
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
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        assert!((Colour::parse("#767676").contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_legible_colour_stays_and_a_broken_one_becomes_the_default() {
        assert_eq!(Colour::parse("#1f5c4d").for_light_scheme().to_string(), "#1f5c4d");
        for broken in ["", "1f5c4d", "#fff", "#ggg000", "red", "#1f5c4d;}", "#äöü"] {
            assert_eq!(Colour::parse(broken), DEFAULT, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn every_colour_becomes_legible_in_both_colour_schemes(red: u8, green: u8, blue: u8) {
            let colour = Colour([red, green, blue]);
            prop_assert_eq!(Colour::parse(&colour.to_string()), colour);
            prop_assert!(colour.for_light_scheme().contrast(WHITE) >= ENOUGH);
            prop_assert!(colour.for_light_scheme().contrast(LIGHT_CARD) >= ENOUGH);
            prop_assert!(colour.for_dark_scheme().contrast(DARK_CARD) >= ENOUGH);
            prop_assert!(colour.for_dark_scheme().contrast(DARK_ON_ACCENT) >= ENOUGH);
        }
    }
}
