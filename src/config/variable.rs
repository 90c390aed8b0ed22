//! The declaration of a variable.

/// What the reference and the error messages say about a variable.
pub struct Declaration {
    pub(super) name: &'static str,
    /// The name that Better Auth or a service beside it uses; read too, with a warning.
    pub(super) old_name: Option<&'static str>,
    /// Whether two values mean the same, where the text alone does not tell: then both names may be set.
    pub(super) is_same: fn(&str, &str) -> bool,
    /// The value of an unset variable. With an `example`: a description of what applies instead.
    pub(super) default: &'static str,
    /// A value for `.env.example` where the default is not one.
    pub(super) example: Option<&'static str>,
    /// The accepted values; completes "Give ..." in error messages.
    pub(super) accepts: &'static str,
    /// The meaning, as Markdown, in one or two sentences.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the generated reference shows it"))]
    pub(super) summary: &'static str,
}

/// A variable whose value is parsed by itself. One that depends on others is a plain [`Declaration`], and the module of
/// its subject parses it.
pub struct Variable<T> {
    pub(super) declaration: Declaration,
    pub(super) parse: fn(&str) -> Option<T>,
}

/// A group of variables: a table of the reference and a paragraph of `.env.example`.
pub struct Section {
    /// The marker in `docs/CONFIGURATION.md`.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the generated reference shows it"))]
    pub(super) id: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "only the generated reference shows it"))]
    pub(super) title: &'static str,
    pub(super) variables: &'static [&'static Declaration],
}

/// An unset variable without a default.
pub(super) const fn text(name: &'static str) -> Declaration {
    Declaration {
        name,
        old_name: None,
        is_same: is_same_text,
        default: "none",
        example: None,
        accepts: "",
        summary: "",
    }
}

fn is_same_text(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
}

pub(super) const fn variable<T>(name: &'static str, parse: fn(&str) -> Option<T>) -> Variable<T> {
    Variable { declaration: text(name), parse }
}

impl Declaration {
    pub(super) const fn old_name(self, old: &'static str) -> Self {
        Self { old_name: Some(old), ..self }
    }

    /// How the values of both names are compared.
    pub(super) const fn compared_by(self, is_same: fn(&str, &str) -> bool) -> Self {
        Self { is_same, ..self }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    pub(super) const fn accepts(self, accepts: &'static str) -> Self {
        Self { accepts, ..self }
    }

    pub(super) const fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }
}

impl<T> Variable<T> {
    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { declaration: self.declaration.default(default), ..self }
    }

    pub(super) const fn accepts(self, accepts: &'static str) -> Self {
        Self { declaration: self.declaration.accepts(accepts), ..self }
    }

    pub(super) const fn summary(self, summary: &'static str) -> Self {
        Self { declaration: self.declaration.summary(summary), ..self }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.declaration.name
    }

    #[expect(clippy::expect_used, reason = "every start without variables parses every default")]
    pub(super) fn default_value(&self) -> T {
        (self.parse)(self.declaration.default).expect("the declared default is a value")
    }
}
