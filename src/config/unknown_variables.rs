//! The check of names that no declaration has.

use strsim::levenshtein;

use super::{
    loader::Loader,
    variables::{AUDIENCE_PREFIX, CLIENT_PREFIX, all, audience_secret, client_secret},
};

/// Prefixes of variables that `cargo xtask` sets for tests, and that a server started by them inherits.
const TEST_PREFIXES: [&str; 3] = ["BOOKPLATE_BIN", "BOOKPLATE_PYTHON", "BOOKPLATE_TEST_"];
/// The most edits between a misspelt name and the one that was meant.
const MAX_TYPO_DISTANCE: usize = 2;

/// Refuses names that look like a misspelt one, and warns of those that are merely unknown: an environment shared with
/// other services, or kept from a later release, may hold them.
pub(super) fn check_unknown_variables(loader: &mut Loader<'_>, audiences: &[String], clients: &[String]) {
    let of_audiences = audiences.iter().flat_map(|audience| audience_secret(audience));
    let secrets: Vec<String> = of_audiences.chain(clients.iter().flat_map(|id| client_secret(id))).collect();
    let unknown: Vec<&str> = loader
        .names()
        .filter(|name| {
            name.starts_with("BOOKPLATE_")
                && all().all(|known| known.name != *name && known.old_name != Some(*name))
        })
        .filter(|name| !TEST_PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|name| !secrets.iter().any(|secret| secret == name))
        .collect();
    for name in unknown {
        if name.starts_with(AUDIENCE_PREFIX) && name.contains("_SECRET") {
            loader.warn(format!("{name} is not used: no audience of that name is declared."));
            continue;
        }
        if name.starts_with(CLIENT_PREFIX) && name.contains("_SECRET") {
            loader.warn(format!("{name} is not used: no client of that id is declared in bookplate.toml."));
            continue;
        }
        let unprefixed = name.trim_start_matches("BOOKPLATE_");
        if let Some(known) = all().find(|known| known.name == unprefixed) {
            loader.refuse(name, "is not known", format!("Write {}, or remove it", known.name));
            continue;
        }
        match all().map(|known| (levenshtein(name, known.name), known.name)).min() {
            Some((edits, known)) if edits <= MAX_TYPO_DISTANCE => {
                loader.refuse(name, "is not known", format!("Write {known}, or remove it"));
            }
            Some((_, known)) => {
                loader.warn(format!("{name} is not known and not used; the nearest known name is {known}."));
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_too_far_apart_to_be_typos_of_each_other() {
        let ours = || all().map(|known| known.name).filter(|name| name.starts_with("BOOKPLATE_"));
        for one in ours() {
            for other in ours().filter(|other| *other != one) {
                assert!(levenshtein(one, other) > MAX_TYPO_DISTANCE, "{one} {other}");
            }
        }
    }

    #[test]
    fn the_secret_of_an_audience_has_a_variable_of_its_name() {
        assert_eq!(audience_secret("chat-bot.v2")[0], "BOOKPLATE_AUDIENCE_CHAT_BOT_V2_SECRET");
        assert_eq!(audience_secret("default")[1], "BOOKPLATE_AUDIENCE_DEFAULT_SECRET_PREVIOUS");
    }
}
