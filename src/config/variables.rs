//! The names of all variables, and what to make of names that are none.

use super::loader::Reading;

/// A variable that Bookplate reads.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// What it is called where readers' accounts were kept before.
    pub(super) old: Option<&'static str>,
}

const fn variable(name: &'static str) -> Variable {
    Variable { name, old: None }
}

const fn renamed(old: &'static str, name: &'static str) -> Variable {
    Variable { name, old: Some(old) }
}

pub(super) const HOST: Variable = variable("HOST");
pub(super) const PORT: Variable = variable("PORT");
pub(super) const DATABASE_URL: Variable = renamed("NEON_DATABASE_URL", "DATABASE_URL");
pub(super) const DATABASE_POOL: Variable = variable("BOOKPLATE_DATABASE_POOL");
pub(super) const DATABASE_DIRECT_URL: Variable = variable("DATABASE_DIRECT_URL");
pub(super) const URL: Variable = renamed("BETTER_AUTH_URL", "BOOKPLATE_URL");
pub(super) const SECRET: Variable = renamed("BETTER_AUTH_SECRET", "BOOKPLATE_SECRET");
pub(super) const SECRET_PREVIOUS: Variable = variable("BOOKPLATE_SECRET_PREVIOUS");
pub(super) const TRUSTED_ORIGINS: Variable = renamed("CORS_ORIGINS", "BOOKPLATE_TRUSTED_ORIGINS");
pub(super) const TRUSTED_PROXIES: Variable = variable("BOOKPLATE_TRUSTED_PROXIES");
pub(super) const SMTP_URL: Variable = variable("BOOKPLATE_SMTP_URL");
pub(super) const OUTBOX: Variable = variable("BOOKPLATE_OUTBOX");
pub(super) const MAIL_FROM: Variable = variable("BOOKPLATE_MAIL_FROM");
pub(super) const REQUIRE_VERIFIED_EMAIL: Variable = variable("BOOKPLATE_REQUIRE_VERIFIED_EMAIL");
pub(super) const LIMIT_SIGN_IN: Variable = variable("BOOKPLATE_LIMIT_SIGN_IN");
pub(super) const LIMIT_MAIL: Variable = variable("BOOKPLATE_LIMIT_MAIL");
pub(super) const LIMIT_ACCOUNT: Variable = variable("BOOKPLATE_LIMIT_ACCOUNT");
pub(super) const LIMIT_RECIPIENT: Variable = variable("BOOKPLATE_LIMIT_RECIPIENT");
pub(super) const LIMIT_REQUESTS: Variable = variable("BOOKPLATE_LIMIT_REQUESTS");
pub(super) const LIMIT_CONVERSATIONS: Variable = variable("BOOKPLATE_LIMIT_CONVERSATIONS");
pub(super) const KEEP_EVENTS: Variable = variable("BOOKPLATE_KEEP_EVENTS");
pub(super) const KEEP_UNVERIFIED: Variable = variable("BOOKPLATE_KEEP_UNVERIFIED");
pub(super) const MAX_PART: Variable = variable("BOOKPLATE_MAX_PART_BYTES");
pub(super) const MAX_MESSAGE: Variable = variable("BOOKPLATE_MAX_MESSAGE_BYTES");
pub(super) const MAX_MESSAGES: Variable = variable("BOOKPLATE_MAX_MESSAGES");
pub(super) const MAX_CONVERSATIONS: Variable = variable("BOOKPLATE_MAX_CONVERSATIONS");
pub(super) const MAX_IMPORT: Variable = variable("BOOKPLATE_MAX_IMPORT_BYTES");
pub(super) const SECURITY_CONTACT: Variable = variable("BOOKPLATE_SECURITY_CONTACT");
pub(super) const JWT_ALGORITHM: Variable = variable("BOOKPLATE_JWT_ALGORITHM");
pub(super) const JWT_LIFETIME: Variable = variable("BOOKPLATE_JWT_LIFETIME");
pub(super) const BEARER_SESSIONS: Variable = variable("BOOKPLATE_BEARER_SESSIONS");
pub(super) const REFERENCE_HABITS: Variable = variable("BOOKPLATE_REFERENCE_HABITS");
pub(super) const LOG: Variable = variable("BOOKPLATE_LOG");
pub(super) const CONFIG: Variable = variable("BOOKPLATE_CONFIG");

/// Every variable with a name of its own; each audience with a shared secret has two more ([`audience_secret`]).
pub(super) const ALL: [&Variable; 34] = [
    &HOST,
    &PORT,
    &DATABASE_URL,
    &DATABASE_POOL,
    &DATABASE_DIRECT_URL,
    &URL,
    &SECRET,
    &SECRET_PREVIOUS,
    &TRUSTED_ORIGINS,
    &TRUSTED_PROXIES,
    &SMTP_URL,
    &OUTBOX,
    &MAIL_FROM,
    &REQUIRE_VERIFIED_EMAIL,
    &LIMIT_SIGN_IN,
    &LIMIT_MAIL,
    &LIMIT_ACCOUNT,
    &LIMIT_RECIPIENT,
    &LIMIT_REQUESTS,
    &LIMIT_CONVERSATIONS,
    &KEEP_EVENTS,
    &KEEP_UNVERIFIED,
    &MAX_PART,
    &MAX_MESSAGE,
    &MAX_MESSAGES,
    &MAX_CONVERSATIONS,
    &MAX_IMPORT,
    &SECURITY_CONTACT,
    &JWT_ALGORITHM,
    &JWT_LIFETIME,
    &BEARER_SESSIONS,
    &REFERENCE_HABITS,
    &LOG,
    &CONFIG,
];

/// The secret of the audience `default`, where it was before audiences had names.
pub(super) const JWT_SECRET: &str = "JWT_SECRET";
/// The secret before that one.
pub(super) const JWT_SECRET_PREVIOUS: &str = "JWT_SECRET_PREVIOUS";

/// How the name of a variable of an audience begins.
const AUDIENCE: &str = "BOOKPLATE_AUDIENCE_";
/// Set by `cargo xtask` for tests, not read by the server that inherits them.
const OF_THE_TESTS: [&str; 3] = ["BOOKPLATE_BIN", "BOOKPLATE_PYTHON", "BOOKPLATE_TEST_"];
/// So many wrong letters are a slip; more are another name.
const SLIP: usize = 2;

/// The variables of an audience's secret and of the one before it.
pub(super) fn audience_secret(audience: &str) -> [String; 2] {
    let upper: String = audience
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    [format!("{AUDIENCE}{upper}_SECRET"), format!("{AUDIENCE}{upper}_SECRET_PREVIOUS")]
}

/// Whether Bookplate reads a variable of this name, or believes it is meant.
pub(super) fn is_ours(name: &str) -> bool {
    let fixed = ALL.iter().any(|variable| variable.name == name || variable.old == Some(name));
    fixed || name.starts_with("BOOKPLATE_") || [JWT_SECRET, JWT_SECRET_PREVIOUS].contains(&name)
}

/// Refuses names that are a slip of a known one, and mentions those that are merely unknown: an environment shared
/// with other services, or kept from a later release, may hold them.
pub(super) fn check_unknown_variables(reading: &mut Reading<'_>, audiences: &[String]) {
    let unknown: Vec<String> = reading
        .names()
        .filter(|name| name.starts_with("BOOKPLATE_") && ALL.iter().all(|known| known.name != *name))
        .filter(|name| !OF_THE_TESTS.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| {
            !audiences.iter().any(|audience| audience_secret(audience).iter().any(|known| known == name))
        })
        .map(str::to_owned)
        .collect();
    for name in unknown {
        if name.starts_with(AUDIENCE) && name.contains("_SECRET") {
            reading.notice(format!("{name} is not used: no audience of that name is declared."));
            continue;
        }
        let nearest = ALL.iter().map(|known| (distance(&name, known.name), known.name)).min();
        match nearest {
            Some((slips, known)) if slips <= SLIP => {
                reading.refuse(&name, "is not known", format!("Write {known}, or remove it"));
            }
            Some((_, known)) => {
                reading
                    .notice(format!("{name} is not known and not used; the nearest known name is {known}."));
            }
            None => {}
        }
    }
}

/// How many letters have to be put in, left out or exchanged to make one name of the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut left = at + 1;
        let mut next = vec![left];
        for (other, pair) in to.chars().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(letter != other)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        for (from, to, expected) in
            [("", "", 0), ("", "ab", 2), ("abc", "", 3), ("abc", "abc", 0), ("abc", "adc", 1)]
        {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
        assert_eq!(distance("BOOKPLATE_SECERT", "BOOKPLATE_SECRET"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn known_names_are_too_far_apart_to_be_slips_of_each_other() {
        let ours = || ALL.iter().map(|known| known.name).filter(|name| name.starts_with("BOOKPLATE_"));
        for one in ours() {
            for other in ours().filter(|other| *other != one) {
                assert!(distance(one, other) > SLIP, "{one} {other}");
            }
        }
    }

    #[test]
    fn the_secret_of_an_audience_has_a_variable_of_its_name() {
        assert_eq!(audience_secret("chat-bot.v2")[0], "BOOKPLATE_AUDIENCE_CHAT_BOT_V2_SECRET");
        assert_eq!(audience_secret("default")[1], "BOOKPLATE_AUDIENCE_DEFAULT_SECRET_PREVIOUS");
    }
}
