//! E-mail addresses, in the syntax the Better Auth wire accepts.

use std::fmt;

use crate::{Problem, Reason};

/// An e-mail address in lower case.
///
/// ASCII only, so look-alike letters, invisible characters and full-width dots can neither reach nor shadow another
/// reader's account. `plus+tags` stay distinct.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The longest address, in characters (RFC 5321 section 4.5.3.1.3 bounds the path at 256 with its brackets).
    pub const MAX: usize = 254;

    /// Accepts an address exactly as given and lower-cases it. Blanks around it are refused: a form trims first.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `email`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        if raw.len() <= Self::MAX && is_address(raw) {
            Ok(Self(raw.to_ascii_lowercase()))
        } else {
            Err(Problem::invalid("email", Reason::NotAnAddress))
        }
    }

    /// The address in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `@`, spelled as it is compared.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Debug for Email {
    /// An address is personal data: it does not belong in a log by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

fn is_address(raw: &str) -> bool {
    raw.rsplit_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

fn is_local_part(local: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_'+-.".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(allowed)
        && !local.starts_with('.')
        && !local.contains("..")
        && !local.ends_with(['.', '\''])
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let well_formed = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let top = labels.last().copied().unwrap_or_default();
    labels.len() >= 2
        && labels.iter().all(well_formed)
        && top.len() >= 2
        && top.bytes().all(|b| b.is_ascii_alphabetic())
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

    proptest! {
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
