//! `bookplate import`.

use std::fmt;

use clap::{Args, Subcommand};

/// Take readers over from another system.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArguments {
    /// From which system.
    #[command(subcommand)]
    pub source: ImportSource,
}

/// From which system.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ImportSource {
    /// From the PostgreSQL database of Better Auth. Reads only; can be run again (docs/MOVING-IN.md).
    BetterAuth(BetterAuthSource),
}

/// Where the readers are, and what to do with them.
#[derive(Clone, PartialEq, Eq, Args)]
pub struct BetterAuthSource {
    /// The address of its database: postgres://... (PGPASSWORD may hold the password).
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// Write nothing, and report what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

impl fmt::Debug for BetterAuthSource {
    /// The address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetterAuthSource").field("dry_run", &self.dry_run).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Task,
            tests::{parse, task},
        },
        *,
    };

    #[test]
    fn the_address_of_the_other_database_is_not_shown() {
        let words = ["import", "better-auth", "--from", "postgres://u:secret@host/db", "--dry-run"];
        let Task::Import(ImportArguments { source: ImportSource::BetterAuth(source) }) = task(&words) else {
            panic!("import")
        };
        assert!(source.dry_run && !source.json);
        assert_eq!(source.from, words[3]);
        assert!(!format!("{source:?}").contains("secret"));
        for wrong in [&["import"][..], &["import", "better-auth"], &["import", "paper"]] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
