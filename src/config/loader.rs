//! Reads variables one after the other and collects the mistakes, so that all of them are reported at once.

use std::path::{Path, PathBuf};

use super::{
    ConfigError, Mistake, Sources, literal,
    variable::{Declaration, Variable},
};

/// The sources, and the mistakes and warnings found so far.
pub(super) struct Loader<'a> {
    sources: &'a Sources,
    mistakes: Vec<Mistake>,
    warnings: Vec<String>,
}

/// A value and the name under which it was set, so that a mistake in it names what the operator wrote.
#[derive(Clone)]
pub(super) struct RawValue<'a> {
    pub(super) name: String,
    pub(super) text: &'a str,
}

impl<'a> Loader<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, mistakes: sources.mistakes.clone(), warnings: Vec::new() }
    }

    /// The parsed value, or the declared default when the variable is unset or cannot be used.
    pub(super) fn read<T>(&mut self, variable: &Variable<T>) -> T {
        self.parsed(variable).unwrap_or_else(|| variable.default_value())
    }

    /// As [`Loader::read`], with a default that depends on other variables.
    pub(super) fn read_or<T>(&mut self, variable: &Variable<T>, default: T) -> T {
        self.parsed(variable).unwrap_or(default)
    }

    fn parsed<T>(&mut self, variable: &Variable<T>) -> Option<T> {
        let RawValue { name, text } = self.value(&variable.declaration)?;
        let parsed = (variable.parse)(text);
        if parsed.is_none() {
            let remedy = format!("Give {}", variable.declaration.accepts);
            self.refuse(&name, format!("{} cannot be used", shown(text)), remedy);
        }
        parsed
    }

    /// The trimmed value; `None` when it is unset, empty or in quotes, which is reported.
    pub(super) fn value(&mut self, variable: &Declaration) -> Option<RawValue<'a>> {
        let RawValue { name, text } = self.renamed(variable.name, variable.old_name, variable.is_same)?;
        let text = text.trim();
        if literal::is_quoted(text) {
            // A shell takes them away; `docker run --env-file` and the forms of hosts do not.
            self.refuse(&name, "the value stands in quotes, which are part of it here", "Remove the quotes");
            return None;
        }
        Some(RawValue { name, text })
    }

    /// The value as it was written, as a secret has to be taken; also from the old name.
    pub(super) fn untrimmed(&mut self, name: &str, old_name: Option<&str>) -> Option<RawValue<'a>> {
        self.renamed(name, old_name, |one, other| one == other)
    }

    fn renamed(
        &mut self,
        name: &str,
        old_name: Option<&str>,
        is_same: fn(&str, &str) -> bool,
    ) -> Option<RawValue<'a>> {
        let value = self.set(name);
        let Some(old) = old_name.and_then(|old| self.set(old)) else {
            return value;
        };
        self.warn(format!("{} is read as {name}; rename it when you can.", old.name));
        let is_same = value.as_ref().is_some_and(|value| is_same(value.text, old.text));
        if !is_same {
            self.check_renamed(name, &old.name);
        }
        value.or(Some(old))
    }

    /// Refuses a variable and its old name that hold different values: either could be the one that is meant.
    pub(super) fn check_renamed(&mut self, name: &str, old_name: &str) {
        let (Some(new), Some(old)) = (self.set(name), self.set(old_name)) else {
            return;
        };
        if new.text != old.text {
            let problem = format!("{name} and its old name {old_name} hold different values");
            self.refuse(name, problem, format!("Keep {name} and remove {old_name}"));
        }
    }

    fn set(&self, name: &str) -> Option<RawValue<'a>> {
        let text = self.sources.environment.get(name).filter(|text| !text.trim().is_empty())?;
        Some(RawValue { name: name.to_owned(), text })
    }

    /// The names of the variables that are set and not empty.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let set = self.sources.environment.iter().filter(|(_, text)| !text.trim().is_empty());
        set.map(|(name, _)| name.as_str())
    }

    /// A path of the configuration, relative to the working directory.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.sources.directory.join(path)
    }

    /// Adds a mistake, once.
    pub(super) fn refuse(&mut self, name: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        let mistake = Mistake { name: name.to_owned(), problem: problem.into(), remedy: remedy.into() };
        // A value that several settings depend on is read several times.
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
    }

    /// Adds a sentence for the log, once.
    pub(super) fn warn(&mut self, sentence: String) {
        if !self.warnings.contains(&sentence) {
            self.warnings.push(sentence);
        }
    }

    /// Whether no mistake was found so far.
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    pub(super) fn into_error(self) -> ConfigError {
        ConfigError::new(self.mistakes)
    }

    pub(super) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }
}

/// A value as an error message may show it: on one line, truncated, and not at all when it may hold a password.
pub(super) fn shown(text: &str) -> String {
    if text.contains('@') {
        return "a value that holds an @".to_owned();
    }
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short:?}...") } else { format!("{short:?}") }
}
