//! Reads variables one after the other and remembers what was wrong, so that all of it is reported at once.

use std::path::{Path, PathBuf};

use super::{ConfigError, Mistake, Sources, variables::Variable};

/// The sources being read, and what has been found so far.
pub(super) struct Reading<'a> {
    sources: &'a Sources,
    mistakes: Vec<Mistake>,
    notices: Vec<String>,
}

/// A value and the name under which it was found: a mistake in it names what the operator wrote.
#[derive(Clone)]
pub(super) struct Found<'a> {
    pub(super) name: String,
    pub(super) text: &'a str,
}

impl<'a> Reading<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, mistakes: sources.mistakes.clone(), notices: Vec::new() }
    }

    /// The value of a variable without white space around it; `None` when it is unset or empty.
    pub(super) fn value(&mut self, variable: &Variable) -> Option<Found<'a>> {
        self.exact(variable.name, variable.old).map(|Found { name, text }| Found { name, text: text.trim() })
    }

    /// The value of a variable to the letter, as a secret has to be taken, also under its old name.
    pub(super) fn exact(&mut self, name: &str, old: Option<&str>) -> Option<Found<'a>> {
        let found = self.set(name);
        let Some(old) = old.and_then(|old| self.set(old)) else {
            return found;
        };
        self.notice(format!("{} is read as {name}; rename it when you can.", old.name));
        self.check_renamed(name, &old.name);
        found.or(Some(old))
    }

    /// Refuses a variable and its old name that say different things: either could be the one that is meant.
    pub(super) fn check_renamed(&mut self, name: &str, old: &str) {
        let (Some(new), Some(before)) = (self.set(name), self.set(old)) else {
            return;
        };
        if new.text != before.text {
            let wrong = format!("{name} and its old name {old} hold different values");
            self.refuse(name, wrong, format!("Keep {name} and remove {old}"));
        }
    }

    fn set(&self, name: &str) -> Option<Found<'a>> {
        let text = self.sources.environment.get(name).filter(|text| !text.trim().is_empty())?;
        Some(Found { name: name.to_owned(), text })
    }

    /// What `parse` makes of a variable, or `default` when it is unset. `wanted` completes "Give ..."
    pub(super) fn parsed<T>(
        &mut self,
        variable: &Variable,
        default: T,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        let Some(Found { name, text }) = self.value(variable) else {
            return default;
        };
        parse(text).unwrap_or_else(|| {
            self.refuse(&name, format!("{} cannot be used", shown(text)), format!("Give {wanted}"));
            default
        })
    }

    /// A variable that is on or off, and off when unset.
    pub(super) fn switch(&mut self, variable: &Variable) -> bool {
        self.parsed(variable, false, "true or false", |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        })
    }

    /// Every variable that is set and not empty.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let set = self.sources.environment.iter().filter(|(_, text)| !text.trim().is_empty());
        set.map(|(name, _)| name.as_str())
    }

    /// A path of the configuration, which starts from the working directory.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.sources.directory.join(path)
    }

    pub(super) fn refuse(&mut self, name: &str, wrong: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.push(Mistake { name: name.to_owned(), wrong: wrong.into(), remedy: remedy.into() });
    }

    /// A sentence for the log, once.
    pub(super) fn notice(&mut self, sentence: String) {
        if !self.notices.contains(&sentence) {
            self.notices.push(sentence);
        }
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    pub(super) fn into_error(self) -> ConfigError {
        ConfigError::new(self.mistakes)
    }

    pub(super) fn into_notices(self) -> Vec<String> {
        self.notices
    }
}

/// A value as an error message may show it: on one line, not too long, and not at all when a password may be in it.
pub(super) fn shown(text: &str) -> String {
    if text.contains('@') {
        return "a value that holds an @".to_owned();
    }
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short:?}...") } else { format!("{short:?}") }
}
