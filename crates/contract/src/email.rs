//! E-mail addresses, in the syntax the Better Auth wire accepts, with internationalised domains besides.

use std::{borrow::Cow, fmt};

use crate::{Problem, Reason, domain_name, text::trim_line};

/// An e-mail address in lower case, its domain in ASCII (`xn--`, RFC 5891).
///
/// The local part is ASCII only, and a domain is one spelling of itself: look-alike letters, invisible characters and
/// full-width dots can neither reach nor shadow another reader's account. `plus+tags` stay distinct.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The longest address, in characters (RFC 5321 section 4.5.3.1.3 bounds the path at 256 with its brackets).
    pub const MAX: usize = 254;

    /// Accepts an address exactly as given and lower-cases it; the domain may be in its own script. Blanks around it are
    /// refused: a form trims first.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `email`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        // A domain in its own script has fewer characters than its ASCII form, of four bytes at most.
        let address = (raw.len() <= 4 * Self::MAX).then(|| normalized(raw)).flatten();
        address.map(Self).ok_or_else(|| Problem::invalid("email", Reason::NotAnAddress))
    }

    /// Accepts an address that a person typed or pasted: without the white space and format characters around it, without
    /// `mailto:`, and with `@` for the full-width one of East Asian keyboards.
    ///
    /// # Errors
    /// As [`Email::parse`].
    pub fn parse_typed(raw: &str) -> Result<Self, Problem> {
        let typed = trim_line(raw);
        let typed = without_scheme(typed).map_or(typed, trim_line);
        // The variation selectors and joiners of a pasted address are no part of it; in a name they may be.
        let typed = typed.trim_matches(|c| matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'));
        Self::parse(&typed.replace('\u{ff20}', "@"))
    }

    /// The address in lower case, with its domain in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`, spelled as it is compared.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// A stored address as pages and mails show it: the domain in its own script where all its letters are of one, so
    /// that none of them can pass for a letter of another.
    pub fn display(address: &str) -> Cow<'_, str> {
        let shown = address.rsplit_once('@').and_then(|(local, domain)| {
            let domain = domain_name::in_own_script(domain)?;
            Some(format!("{local}@{domain}"))
        });
        shown.map_or(Cow::Borrowed(address), Cow::Owned)
    }

    /// A domain as [`Email::display`] shows it behind the `@`.
    pub fn display_domain(domain: &str) -> Cow<'_, str> {
        domain_name::in_own_script(domain).map_or(Cow::Borrowed(domain), Cow::Owned)
    }
}

impl fmt::Debug for Email {
    /// An address is personal data: it does not belong in a log by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

/// What follows `mailto:`, without the header fields that may follow the address (RFC 6068 section 2).
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("mailto").then(|| rest.split('?').next().unwrap_or_default())
}

/// The address as it is stored; `None` for what is none.
fn normalized(raw: &str) -> Option<String> {
    let (local, domain) = raw.rsplit_once('@')?;
    let address = format!("{}@{}", local.to_ascii_lowercase(), domain_name::to_ascii(domain)?);
    (is_local_part(local) && address.len() <= Email::MAX).then_some(address)
}

fn is_local_part(local: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_'+-.".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(allowed)
        && !local.starts_with('.')
        && !local.contains("..")
        && !local.ends_with(['.', '\''])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_the_wire_are_accepted_in_lower_case() {
        for raw in ["ada@example.com", "A.B+tag@Sub.Example.ORG", "o'neil_x-1@a-b.co"] {
            assert_eq!(Email::parse(raw).unwrap().as_str(), raw.to_lowercase());
        }
    }

    #[test]
    fn look_alikes_blanks_and_malformed_addresses_are_refused() {
        for raw in [
            "",
            "ada",
            "ada@",
            "@example.com",
            " ada@example.com",
            "ada@example.com ",
            "ada@example",
            "ada@example.c",
            "ada@example.c0",
            "ada@example.c0m",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a'@example.com",
            "ada@-example.com",
            "ada@exam_ple.com",
            "ada@example..com",
            "ada@example.com.",
            "аda@example.com",
            "ada@example\u{3002}com",
            "a\u{200b}da@example.com",
            "a\0da@example.com",
            "a@b@example.com",
        ] {
            assert!(Email::parse(raw).is_err(), "{raw:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn an_internationalised_domain_is_one_address_in_every_spelling() {
        let stored = "name@xn--80a1acny.xn--p1ai";
        for raw in [
            "name@почта.рф",
            "Name@ПОЧТА.РФ",
            "name@xn--80a1acny.xn--p1ai",
            "name@XN--80A1ACNY.XN--P1AI",
            "name@почта.xn--p1ai",
            "name@xn--80a1acny.рф",
        ] {
            assert_eq!(Email::parse(raw).unwrap().as_str(), stored, "{raw}");
            assert_eq!(Email::parse_typed(raw).unwrap().as_str(), stored, "{raw}");
        }
        for (raw, stored) in [
            ("a@b.xn--p1ai", "a@b.xn--p1ai"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
            ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
            ("a@straße.de", "a@xn--strae-oqa.de"),
            ("a@例え.jp", "a@xn--r8jz45g.jp"),
            ("a@παράδειγμα.ελ", "a@xn--hxajbheg2az3al.xn--qxam"),
        ] {
            assert_eq!(Email::parse(raw).unwrap().as_str(), stored, "{raw}");
        }
    }

    #[test]
    fn security_02_a_domain_that_would_be_mapped_onto_another_is_refused() {
        for raw in [
            "ada@ｅxample.com",
            "ada@example．com",
            "ada@example.ｃom",
            "ada@exa\u{ad}mple.com",
            "ada@exam\u{200b}ple.com",
            "ada@почт\u{200b}а.рф",
            "ada@почта\u{3002}рф",
            "ada@почта.рф.",
            "ada@-почта.рф",
            "ada@xn--.com",
            "ada@xn--a.com",
            "ada@xn--80a1acny.c0",
            "ada@ⓔxample.com",
            "ada@почта.р\u{202e}ф",
            "имя@почта.рф",
        ] {
            assert!(Email::parse(raw).is_err(), "{raw:?}");
        }
        assert!(Email::parse(&format!("a@{}.рф", "п".repeat(80))).is_err(), "a label of 63 bytes at most");
        assert!(Email::parse(&format!("a@{}рф", "почта.".repeat(30))).is_err(), "254 characters in ASCII");
    }

    #[test]
    fn an_address_is_shown_in_its_own_script_where_its_letters_are_of_one() {
        for (stored, shown) in [
            ("ada@example.com", "ada@example.com"),
            ("name@xn--80a1acny.xn--p1ai", "name@почта.рф"),
            ("a@xn--bcher-kva.example", "a@bücher.example"),
            ("a@xn--hxajbheg2az3al.xn--qxam", "a@παράδειγμα.ελ"),
            ("a@xn--wgv71a119e.xn--fiqs8s", "a@日本語.中国"),
            // Cyrillic letters that look like "apple" and "paypal".
            ("a@xn--80ak6aa92e.com", "a@xn--80ak6aa92e.com"),
            ("a@xn--pypal-4ve.com", "a@xn--pypal-4ve.com"),
            // A picture is no letter.
            ("a@xn--i-7iq.ws", "a@xn--i-7iq.ws"),
            ("not an address", "not an address"),
        ] {
            assert_eq!(Email::display(stored), shown, "{stored}");
        }
    }

    #[test]
    fn what_clings_to_a_pasted_address_is_cleaned_in_forms_only() {
        for raw in [
            " ada@example.com\t",
            "\u{feff}ada@example.com\u{200b}",
            "\u{202a}ada@example.com\u{202c}",
            "\u{2068} ada@example.com \u{2069}",
            "ada@example.com\u{200d}",
            "mailto:ada@example.com",
            "\u{200e}MailTo: ada@example.com?subject=Hello",
            "ada\u{ff20}example.com",
        ] {
            assert_eq!(Email::parse_typed(raw).unwrap().as_str(), "ada@example.com", "{raw:?}");
            assert!(Email::parse(raw).is_err(), "{raw:?}");
        }
        for raw in ["a\u{200b}da@example.com", "ada@example\u{3002}com", "mailto:", "https:ada@example.com"] {
            assert!(Email::parse_typed(raw).is_err(), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_of_an_address_is_the_same_address(domain in "[а-яё]{1,12}|[a-zäöüß]{1,12}|[ぁ-ゖ]{1,8}") {
            if let Ok(stored) = Email::parse(&format!("ada@{domain}.example")) {
                prop_assert!(stored.as_str().is_ascii());
                prop_assert_eq!(Email::parse(&Email::display(stored.as_str())).unwrap(), stored);
            }
        }

        #[test]
        fn parsing_an_accepted_address_again_changes_nothing(raw in "[A-Za-z0-9+_]{1,20}@[a-z]{1,10}\\.[a-z]{2,6}") {
            let once = Email::parse(&raw).unwrap();
            prop_assert_eq!(Email::parse(once.as_str()).unwrap(), once);
        }

        #[test]
        fn any_text_is_accepted_or_refused_without_a_panic(raw in ".*") {
            let _ = Email::parse(&raw);
        }
    }
}
