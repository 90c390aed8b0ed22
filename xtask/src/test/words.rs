//! Names that have given way to the field's terms. They are not to come back.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Each name with the one that took its place. Only names that mean nothing else here.
const GONE: &[(&str, &str)] = &[
    ("AskedTurns", "MessagesQuery"),
    ("Believed", "VerificationCache"),
    ("Belongings", "UserDataRows"),
    ("Cutoffs", "RetentionCutoffs"),
    ("GatheredConnection", "append_batch"),
    ("LateCaller", "CallerAllowExpired"),
    ("Letterhead", "MailBranding"),
    ("LinkMeaning", "EmailLinkKind"),
    ("SecretAge", "KeyVersion"),
    ("TakenConversation", "ConversationWithDeletedAt"),
    ("TurnPlace", "PageAnchor"),
    ("WhyLeftOut", "SkipReason"),
    ("answer_mail_request", "replace_request_with_mail"),
    ("belongings_of", "user_data"),
    ("bring_signing_key_forward", "activate_signing_key"),
    ("end_everywhere", "revoke_all_sessions"),
    ("give_try_back", "refund_attempt"),
    ("hold_reader", "lock_user"),
    ("insert_opening", "insert_session"),
    ("judge_names", "check_unknown_variables"),
    ("look_for_foreign_hashes", "refresh_legacy_hash_kinds"),
    ("prove_address", "mark_email_verified"),
    ("prove_anew", "verify_email_in_other_browser"),
    ("reader_is_there", "check_user_exists"),
    ("see_device", "upsert_known_device"),
    ("settle_search", "merge_fts_index"),
    ("spend_link_on_mail", "consume_link_and_queue_mail"),
    ("take_untold", "take_pending"),
    ("this_machine_only", "require_loopback"),
];

/// The changelog keeps its history, and this file has to name them.
const LEFT_ALONE: &[&str] = &["CHANGELOG.md", "xtask/src/test/words.rs"];

/// Refuses each of the words in code and documents that are under version control.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let mut list = workspace.command("git");
    list.args(["ls-files", "-z", "--", "*.rs", "*.mjs", "*.md", "*.css"]);
    let listed = process::capture(&mut list)?;
    let mut found = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty() && !LEFT_ALONE.contains(path)) {
        // A file that is removed but still listed has no text.
        let Ok(bytes) = fs::read(workspace.path(path)) else { continue };
        let text = String::from_utf8(bytes).with_context(|| format!("{path} is not UTF-8"))?;
        for (number, line) in text.lines().enumerate() {
            let gone = GONE.iter().filter(|(word, _)| contains_word(line, word));
            found.extend(gone.map(|(word, now)| format!("{path}:{}: `{word}`, now {now}", number + 1)));
        }
    }
    if !found.is_empty() {
        bail!("names that are gone are back:\n  {}", found.join("\n  "));
    }
    Ok(())
}

/// Whether the word stands in the line by itself, not as a part of a longer name.
fn contains_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|it| it.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|it| it.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_itself_and_not_within_another() {
        assert!(contains_word("the JSON door", "JSON door"));
        assert!(contains_word("Desk::new()", "Desk"));
        assert!(contains_word("(Desk)", "Desk"));
        assert!(!contains_word("Desktop and HelpDesk and my_Desk", "Desk"));
    }
}
