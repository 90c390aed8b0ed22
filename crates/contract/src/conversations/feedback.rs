//! What a reader thinks of a message.

use serde::{Deserialize, Serialize};

use crate::{Problem, Problems, Reason, Timestamp};

/// Good or not: `1` or `-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum FeedbackValue {
    /// `1`.
    Good,
    /// `-1`.
    Bad,
}

impl TryFrom<i64> for FeedbackValue {
    type Error = &'static str;

    fn try_from(value: i64) -> Result<Self, Self::Error> {
        match value {
            1 => Ok(Self::Good),
            -1 => Ok(Self::Bad),
            _ => Err("expected 1 or -1"),
        }
    }
}

impl From<FeedbackValue> for i64 {
    fn from(value: FeedbackValue) -> Self {
        match value {
            FeedbackValue::Good => 1,
            FeedbackValue::Bad => -1,
        }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for FeedbackValue {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let values = [Self::Good, Self::Bad].map(i64::from);
        ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(values)).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for FeedbackValue {}

/// What the reader thinks of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Feedback {
    /// `1` for good, `-1` for bad.
    pub value: FeedbackValue,
    /// In the reader's words.
    pub comment: Option<String>,
    /// In words to choose from.
    pub tags: Vec<String>,
    /// When it was given.
    pub updated_at: Timestamp,
}

/// What a reader says about a message.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFeedback {
    /// `1` for good, `-1` for bad.
    pub value: FeedbackValue,
    /// In the reader's words, at most 2000 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 2000))]
    pub comment: Option<String>,
    /// In words to choose from: at most 20 of at most 50 characters.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub tags: Vec<String>,
}

const MAX_COMMENT: usize = 2000;
const MAX_TAGS: usize = 20;
const MAX_TAG: usize = 50;

impl NewFeedback {
    /// Validates feedback given at `now`. An empty comment is removed.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `comment` or `tags`.
    pub fn at(self, now: Timestamp) -> Result<Feedback, Problems> {
        let mut problems = Vec::new();
        let comment = self.comment.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        if comment.as_ref().is_some_and(|comment| comment.chars().count() > MAX_COMMENT) {
            problems.push(Problem::invalid("comment", Reason::TooLong { max: MAX_COMMENT }));
        }
        if comment.as_ref().is_some_and(|comment| comment.contains('\0')) {
            problems.push(Problem::invalid("comment", Reason::ForbiddenCharacter));
        }
        let fits =
            |tag: &String| (1..=MAX_TAG).contains(&tag.chars().count()) && !tag.chars().any(char::is_control);
        if self.tags.len() > MAX_TAGS || !self.tags.iter().all(fits) {
            let wanted = format!("expected at most {MAX_TAGS} words of 1 to {MAX_TAG} characters");
            problems.push(Problem::invalid("tags", Reason::Wanted(wanted)));
        }
        match Problems::of(problems) {
            None => Ok(Feedback { value: self.value, comment, tags: self.tags, updated_at: now }),
            Some(problems) => Err(problems),
        }
    }
}
