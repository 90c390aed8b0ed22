//! Values in the tables of the archive's pages. Everything somebody else wrote passes through [`visible`] here and
//! through askama's escaper in the templates.

use askama::{Template, filters::HtmlSafe};
use contract::Timestamp;

/// A value, written as HTML.
#[derive(Template)]
#[template(path = "archive/value.html")]
pub(super) enum Value {
    /// Text on one line.
    Text(String),
    /// Text that keeps its lines.
    Lines(String),
    Moment(Timestamp),
    Number(i64),
    YesNo(bool),
    None,
}

impl HtmlSafe for Value {}

impl Value {
    /// Text on one line; nothing when it is empty.
    pub(super) fn text<'a>(text: impl Into<Option<&'a str>>) -> Self {
        text.into().filter(|text| !text.is_empty()).map_or(Self::None, |text| Self::Text(visible(text)))
    }

    /// Text that keeps its lines; nothing when it is empty.
    pub(super) fn lines<'a>(text: impl Into<Option<&'a str>>) -> Self {
        text.into()
            .filter(|text| !text.is_empty())
            .map_or(Self::None, |text| Self::Lines(visible_lines(text)))
    }

    /// A moment, in UTC.
    pub(super) fn moment(moment: impl Into<Option<Timestamp>>) -> Self {
        moment.into().map_or(Self::None, Self::Moment)
    }

    /// `20:05`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "called by the template, which has a reference")]
    fn time_of_day(moment: &Timestamp) -> String {
        moment.iso().get(11..16).unwrap_or_default().to_owned()
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// Names and values, as a description list.
#[derive(Template)]
#[template(path = "archive/facts.html")]
pub(super) struct Facts(Vec<(&'static str, Value)>);

impl HtmlSafe for Facts {}

impl<const N: usize> From<[(&'static str, Value); N]> for Facts {
    fn from(facts: [(&'static str, Value); N]) -> Self {
        Self(facts.into())
    }
}

impl Facts {
    /// Without the names that have no value.
    pub(super) fn known(mut self) -> Self {
        self.0.retain(|(_, value)| !value.is_none());
        self
    }
}

/// Text with a replacement character for each control character, which no page may hold, and for each that turns the
/// direction of what follows.
pub(super) fn visible(text: &str) -> String {
    let is_unsafe =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for text of several lines.
pub(super) fn visible_lines(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let cells = line.trim_end_matches('\r').split('\t').map(visible);
        cells.collect::<Vec<_>>().join("\t")
    });
    lines.collect::<Vec<_>>().join("\n")
}
