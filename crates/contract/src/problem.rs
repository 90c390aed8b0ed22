//! A failure with its code, its field and the reason.

use std::fmt;

use crate::Code;

/// A failure: what happened, to which field, and why that value is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What happened.
    pub code: Code,
    /// The wire name of the field it is about; `None` when it is about the request as a whole.
    pub field: Option<String>,
    /// Why the field's value is not accepted, for [`Code::ValidationError`], [`Code::UnsupportedMediaType`] and what is
    /// too large.
    pub reason: Option<Reason>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem about the request as a whole.
    pub const fn new(code: Code) -> Self {
        Self { code, field: None, reason: None, retry_after: None }
    }

    /// A problem about one field.
    pub fn on(code: Code, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(code) }
    }

    /// A value that is not accepted, and why.
    pub fn invalid(field: &str, reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::on(Code::ValidationError, field) }
    }

    /// A body of more than `max` bytes.
    pub fn body_too_large(max: usize) -> Self {
        let reason = Some(Reason::Wanted(format!("expected a body of at most {max} bytes")));
        Self { reason, ..Self::new(Code::PayloadTooLarge) }
    }

    /// The problem with its field as a member of `outer`, or on `outer` itself without a field.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        let field = self.field.as_ref().map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"));
        Self { field: Some(field), ..self }
    }

    /// A passing state that is worth another try after `seconds`.
    pub fn retry_in(code: Code, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(code) }
    }
}

/// Why a value is not accepted. Its `Display` is the wording of the Better Auth wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Wrong JSON type, or missing (`received` is `undefined`).
    Type {
        /// The type the field has.
        expected: &'static str,
        /// The type that came.
        received: &'static str,
    },
    /// Not an e-mail address.
    NotAnAddress,
    /// Empty where something is needed.
    Empty,
    /// Below the field's minimum.
    TooShort {
        /// The minimum, in characters.
        min: usize,
    },
    /// Over the field's bound.
    TooLong {
        /// The bound, in characters.
        max: usize,
    },
    /// Holds a control character or a mark that reorders text.
    ForbiddenCharacter,
    /// Not an address of a picture.
    NotAUrl,
    /// Not one of the options of a choice.
    NotAnOption {
        /// The values that are accepted.
        options: Vec<String>,
    },
    /// A content type, when the problem is that it is not read here.
    ContentType {
        /// What came; `None` when the header is missing.
        received: Option<String>,
        /// What is read, comma-separated.
        allowed: &'static str,
    },
    /// The body is compressed.
    ContentEncoding,
    /// A token for an audience that opens no conversations.
    OpensNoConversations {
        /// The name of the audience.
        audience: String,
    },
    /// A token without the scope that is needed.
    Scope {
        /// The scope.
        needed: &'static str,
    },
    /// A header that may stand once stands more than once.
    RepeatedHeader {
        /// Its name.
        name: &'static str,
    },
    /// Any other reason, in words that follow "Invalid input: ".
    Wanted(String),
    /// What is the matter and what to do, in whole sentences.
    Sentence(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { expected, received } => {
                write!(f, "Invalid input: expected {expected}, received {received}")
            }
            Self::NotAnAddress => f.write_str("Invalid email address"),
            Self::Empty => f.write_str("Too small: expected string to have >=1 characters"),
            Self::TooShort { min } => write!(f, "Too small: expected string to have >={min} characters"),
            Self::TooLong { max } => write!(f, "Too big: expected string to have <={max} characters"),
            Self::ForbiddenCharacter => f.write_str("Invalid input: control characters are not allowed"),
            Self::NotAUrl => f.write_str("Invalid URL"),
            Self::NotAnOption { options } => {
                write!(f, "Invalid option: expected one of \"{}\"", options.join("\"|\""))
            }
            Self::ContentType { received: Some(received), allowed } => {
                write!(f, "Content-Type \"{received}\" is not allowed. Allowed types: {allowed}")
            }
            Self::ContentEncoding => f.write_str("Content-Encoding is not allowed"),
            Self::OpensNoConversations { audience } => write!(
                f,
                "The token is for the audience \"{audience}\", which opens no conversations. GET /api/auth/token without an \
                 audience gives one that does; for this one, conversations = \"read\" or \"write\" has to stand in the \
                 audience's entry in bookplate.toml before the token is issued."
            ),
            Self::Scope { needed } => write!(
                f,
                "This needs a token with the scope {needed}. What the tokens of an audience open is said by \
                 conversations = \"read\" or \"write\" in its entry in bookplate.toml."
            ),
            Self::RepeatedHeader { name } => {
                write!(f, "The header {name} stands more than once in the request. Send it once.")
            }
            Self::Wanted(wanted) => write!(f, "Invalid input: {wanted}"),
            Self::Sentence(sentence) => f.write_str(sentence),
            Self::ContentType { received: None, allowed } => {
                write!(f, "Content-Type is required. Allowed types: {allowed}")
            }
        }
    }
}

/// Everything that keeps one request from being carried out, in the order of the fields; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    first: Problem,
    rest: Vec<Problem>,
}

impl Problems {
    /// The problems of a list, or `None` when there are none.
    pub fn of(problems: Vec<Problem>) -> Option<Self> {
        let mut problems = problems.into_iter();
        problems.next().map(|first| Self { first, rest: problems.collect() })
    }

    /// The one that decides the status.
    pub const fn first(&self) -> &Problem {
        &self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl From<Problem> for Problems {
    fn from(first: Problem) -> Self {
        Self { first, rest: Vec::new() }
    }
}
