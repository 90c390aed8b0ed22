//! Internationalised domain names (UTS 46, RFC 5891).

use std::borrow::Cow;

use icu_properties::{props::Script, script::ScriptWithExtensions};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

/// What a label in ASCII form begins with (RFC 5890 section 2.3.2.1).
const ACE_PREFIX: &str = "xn--";
/// Scripts that are written together (UTS 39 section 5.1). Any other is one by itself.
const WRITTEN_TOGETHER: [&[Script]; 3] = [
    &[Script::Han, Script::Hiragana, Script::Katakana],
    &[Script::Han, Script::Hangul],
    &[Script::Han, Script::Bopomofo],
];

/// The domain of an address in lower-case ASCII; `None` for one that mail cannot go to.
///
/// UTS 46 maps a good deal more than case onto one name: full-width letters, other dots, characters that it drops. Such a
/// spelling is refused, so that nobody gives an address that looks different from the one it stands for.
pub(crate) fn to_ascii(domain: &str) -> Option<String> {
    let plain = domain.is_ascii() && !domain.split('.').any(is_ace);
    let ascii = if plain {
        domain.to_ascii_lowercase()
    } else {
        let processed = Uts46::new().to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        );
        processed.ok().filter(|ascii| is_spelling_of(domain, ascii))?.into_owned()
    };
    is_domain(&ascii).then_some(ascii)
}

/// The domain in its own script, if it is internationalised and all its letters are of one script.
pub(crate) fn in_own_script(ascii: &str) -> Option<String> {
    if !ascii.split('.').any(is_ace) {
        return None;
    }
    let (shown, valid) = to_unicode(ascii);
    valid.then_some(shown).filter(|shown| is_of_one_script(shown)).map(Cow::into_owned)
}

fn to_unicode(ascii: &str) -> (Cow<'_, str>, bool) {
    let (shown, valid) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    (shown, valid.is_ok())
}

fn is_ace(label: &str) -> bool {
    label.get(..ACE_PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(ACE_PREFIX))
}

/// Whether every label differs from its ASCII form in case, composition and encoding alone.
fn is_spelling_of(domain: &str, ascii: &str) -> bool {
    let spells = |(label, ascii): (&str, &str)| {
        if label.is_ascii() {
            return label.eq_ignore_ascii_case(ascii);
        }
        let composed: String = label.to_lowercase().nfc().collect();
        to_unicode(ascii).0 == composed
    };
    domain.split('.').count() == ascii.split('.').count()
        && domain.split('.').zip(ascii.split('.')).all(spells)
}

/// Whether one script, or several that are written together, have every letter. Digits of ASCII and hyphens belong to all.
fn is_of_one_script(domain: &str) -> bool {
    let scripts = ScriptWithExtensions::new();
    let letters = || domain.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | '-'));
    let is_of = |c, system: &[Script]| system.iter().any(|script| scripts.has_script(c, *script));
    let Some(first) = letters().next() else { return false };
    let own = [scripts.get_script_val(first)];
    let shared = [Script::Common, Script::Inherited, Script::Unknown];
    let mut systems = WRITTEN_TOGETHER.into_iter().chain([own.as_slice()]);
    !shared.contains(&own[0])
        && systems.any(|system| letters().all(|c| is_of(c, system) || is_mark(scripts.get_script_val(c))))
}

/// Whether a character is a mark that takes the script of the letter before it.
fn is_mark(script: Script) -> bool {
    script == Script::Inherited
}

/// Whether the wire accepts a domain in ASCII. Its top level is of letters, or an internationalised one.
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
        && (is_ace(top) || top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic()))
}
