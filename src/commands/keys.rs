//! `bookplate keys`.

use clap::{Args, Subcommand};

/// See and change the keys that sign tokens.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct KeysArguments {
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What to do with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysAction {
    /// List the published keys and what each does.
    List,
    /// Add a key. It is published at once and signs ten minutes later, so that services know it by then.
    Rotate {
        /// Let it sign at once, although services may not know it yet.
        #[arg(long)]
        now: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Task, tests::task},
        *,
    };

    #[test]
    fn a_key_signs_at_once_only_when_asked_to() {
        for (words, now) in [(&["keys", "rotate"][..], false), (&["keys", "rotate", "--now", "--json"], true)]
        {
            let Task::Keys(arguments) = task(words) else { panic!("{words:?}") };
            assert_eq!(arguments, KeysArguments { json: now, action: KeysAction::Rotate { now } });
        }
    }
}
