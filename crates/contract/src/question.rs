//! Background questions, which an author has readers asked at sign-up.
//!
//! One declaration drives the form, its validation, storage, the wire and the claims of a token, all under the
//! declared name.

use serde::Deserialize;

/// The questions of one book, in the order they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions(pub(crate) Vec<Question>);

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Declaration")]
pub struct Question {
    /// The name of the form control, the JSON member and the claim: `experienceLevel`.
    pub name: String,
    /// What the form asks.
    pub label: String,
    /// How to answer, shown below the label.
    pub hint: Option<String>,
    /// Why it is asked (GDPR article 13), shown with the question.
    pub purpose: Option<String>,
    /// Whether an account needs an answer.
    pub required: bool,
    /// A choice or a text.
    pub kind: QuestionKind,
    /// Another answer that makes the form ask this one; the wire takes it always.
    pub ask_when: Option<AskWhen>,
}

/// A question as configuration writes it: flat, so that a misspelt key is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    name: String,
    label: String,
    hint: Option<String>,
    purpose: Option<String>,
    #[serde(default)]
    required: bool,
    kind: String,
    options: Option<Vec<Choice>>,
    max: Option<usize>,
    ask_when: Option<AskWhen>,
}

impl TryFrom<Declaration> for Question {
    type Error = String;

    fn try_from(declared: Declaration) -> Result<Self, String> {
        let name = &declared.name;
        let kind = match (declared.kind.as_str(), declared.options, declared.max) {
            ("choice", Some(options), None) => QuestionKind::Choice { options },
            ("choice", None, _) => return Err(format!("question \"{name}\": a choice needs options")),
            ("choice", _, Some(_)) => return Err(format!("question \"{name}\": max belongs to a text")),
            ("text", None, max) => QuestionKind::Text { max: max.unwrap_or(DEFAULT_MAX) },
            ("text", Some(_), _) => return Err(format!("question \"{name}\": options belong to a choice")),
            (other, ..) => {
                return Err(format!(
                    "question \"{name}\": kind \"{other}\" is not known; use choice or text"
                ));
            }
        };
        let Declaration { name, label, hint, purpose, required, ask_when, .. } = declared;
        Ok(Self { name, label, hint, purpose, required, kind, ask_when })
    }
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionKind {
    /// One of several options.
    Choice {
        /// The options, in the order they are shown.
        options: Vec<Choice>,
    },
    /// A line of text.
    Text {
        /// The longest answer, in characters.
        max: usize,
    },
}

/// The longest answer to a text that declares no `max`, in characters.
pub(crate) const DEFAULT_MAX: usize = 200;

/// One option of a choice. In configuration a bare string stands for both parts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ChoiceDeclaration")]
pub struct Choice {
    /// What is stored and sent.
    pub value: String,
    /// What the form shows.
    pub label: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ChoiceDeclaration {
    Value(String),
    Labelled { value: String, label: String },
}

impl From<ChoiceDeclaration> for Choice {
    fn from(declaration: ChoiceDeclaration) -> Self {
        match declaration {
            ChoiceDeclaration::Labelled { value, label } => Self { value, label },
            ChoiceDeclaration::Value(value) => Self::plain(&value),
        }
    }
}

impl Choice {
    /// An option that is shown as its value, with a capital letter.
    pub(crate) fn plain(value: &str) -> Self {
        let mut letters = value.chars();
        let label = letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str());
        Self { value: value.to_owned(), label: label.unwrap_or_default() }
    }
}

/// `{ question = "professionalRole", is = "other" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskWhen {
    /// The name of an earlier choice.
    pub question: String,
    /// The answer to it that makes the form ask.
    pub is: String,
}

/// Names that mean something else on a form, on the wire or in a token.
const RESERVED: &[&str] = &[
    // Of the wire and its forms.
    "id",
    "name",
    "email",
    "emailVerified",
    "image",
    "createdAt",
    "updatedAt",
    "password",
    "newPassword",
    "currentPassword",
    "rememberMe",
    "invitation",
    "acceptedTerms",
    "termsVersion",
    "callbackURL",
    "redirectTo",
    "errorCallbackURL",
    "newUserCallbackURL",
    "next",
    "token",
    "banned",
    "banReason",
    "banExpires",
    "twoFactorEnabled",
    // Claims that services read something into (RFC 7519, RFC 9068, OpenID Connect).
    "iss",
    "aud",
    "sub",
    "sid",
    "jti",
    "iat",
    "exp",
    "nbf",
    "azp",
    "scope",
    "scopes",
    "cnf",
    "act",
    "amr",
    "acr",
    "nonce",
    "auth_time",
    "client_id",
    "grant_id",
    "picture",
    "updated_at",
    "active",
    "token_type",
    "role",
    "roles",
    "groups",
    "permissions",
    "entitlements",
    "admin",
    "username",
    // Ids of the page itself.
    "main",
    "problem",
];

impl Questions {
    /// Takes the declared questions when they fit together.
    ///
    /// # Errors
    /// Every mistake as a sentence that names the question and the remedy.
    pub fn declare(questions: Vec<Question>) -> Result<Self, Vec<String>> {
        let mistakes: Vec<String> = questions
            .iter()
            .enumerate()
            .flat_map(|(at, question)| question.mistakes(questions.get(..at).unwrap_or_default()))
            .collect();
        if mistakes.is_empty() { Ok(Self(questions)) } else { Err(mistakes) }
    }

    /// The questions, in the order they are asked.
    pub fn iter(&self) -> std::slice::Iter<'_, Question> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Questions {
    type Item = &'a Question;
    type IntoIter = std::slice::Iter<'a, Question>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Question {
    /// The values of a choice; `None` for a text.
    pub fn options(&self) -> Option<Vec<String>> {
        match &self.kind {
            QuestionKind::Choice { options } => {
                Some(options.iter().map(|option| option.value.clone()).collect())
            }
            QuestionKind::Text { .. } => None,
        }
    }

    /// Whether a form asks this question, given the answers it holds.
    pub fn is_asked<'a>(&self, answer_to: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.ask_when.as_ref().is_none_or(|when| answer_to(&when.question) == Some(when.is.as_str()))
    }

    fn mistakes(&self, earlier: &[Self]) -> Vec<String> {
        let mut out = Vec::new();
        let name = &self.name;
        let well_formed = name.len() <= 40
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !well_formed {
            out.push(format!(
                "question \"{name}\": use a name of letters and digits that begins with a letter"
            ));
        } else if RESERVED.contains(&name.as_str()) {
            out.push(format!("question \"{name}\": this name has a meaning of its own; choose another"));
        }
        if earlier.iter().any(|other| other.name == *name) {
            out.push(format!("question \"{name}\": declared twice; remove one"));
        }
        if self.label.trim().is_empty() {
            out.push(format!("question \"{name}\": give it a label"));
        }
        match &self.kind {
            QuestionKind::Choice { options } if options.is_empty() => {
                out.push(format!("question \"{name}\": a choice needs options"));
            }
            QuestionKind::Choice { options } if options.iter().any(|option| option.value.is_empty()) => {
                out.push(format!("question \"{name}\": an option needs a value"));
            }
            QuestionKind::Choice { options } if repeats(options) => {
                out.push(format!("question \"{name}\": two options have the same value; remove one"));
            }
            QuestionKind::Text { max } if !(1..=2000).contains(max) => {
                out.push(format!("question \"{name}\": max must be between 1 and 2000"));
            }
            _ => {}
        }
        if let Some(when) = &self.ask_when {
            let known = earlier.iter().find(|other| other.name == when.question).and_then(Self::options);
            if self.required {
                out.push(format!("question \"{name}\": a required question cannot depend on another answer"));
            } else if !known.is_some_and(|options| options.contains(&when.is)) {
                out.push(format!(
                    "question \"{name}\": ask_when must name an earlier choice and one of its options"
                ));
            }
        }
        out
    }
}

fn repeats(options: &[Choice]) -> bool {
    options
        .iter()
        .enumerate()
        .any(|(at, option)| options.iter().skip(at + 1).any(|it| it.value == option.value))
}
