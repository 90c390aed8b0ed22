//! Rendering a mail: its draft as two parts. No picture is fetched, so nobody learns that it was read.
//!
//! In the HTML part styles stand in attributes because some mail programs drop the style element; the element holds what
//! only it can say, the colours by night. Two tables, because Word renders mail for one large program and knows no other
//! way to centre a column.

use askama::Template;
use contract::Timestamp;

use super::{
    colour::{Colour, DARK_CARD, DARK_ON_ACCENT, LIGHT_CARD},
    draft::{Block, Draft, sanitize},
    message::{MailBranding, MailMessage, MailTemplate},
    templates,
};

/// Longest line of plain text in characters (RFC 5322 section 2.1.1); a link or an address is not broken.
const WIDTH: usize = 78;

#[derive(Template)]
#[template(path = "mail/message.txt")]
struct TextPart<'a> {
    draft: &'a Draft,
    branding: &'a MailBranding,
}

#[derive(Template)]
#[template(path = "mail/message.html")]
struct HtmlPart<'a> {
    draft: &'a Draft,
    branding: &'a MailBranding,
    accent: Colour,
    plate: Colour,
    dark_accent: Colour,
    dark_on_accent: Colour,
    dark_plate: Colour,
}

impl MailBranding {
    /// Renders a mail. `id` is a UUID; text from a browser or a form is put into the body only, never into the subject.
    ///
    /// # Errors
    /// None but a template's own, which no value causes.
    pub fn render(
        &self,
        id: String,
        to: &str,
        template: &MailTemplate,
        at: Timestamp,
    ) -> askama::Result<MailMessage> {
        let branding = Self { book: sanitize(&self.book), ..self.clone() };
        let draft = templates::draft(&branding, template, at);
        Ok(MailMessage {
            id,
            kind: template.kind().to_owned(),
            to: to.to_owned(),
            text: text(&draft, &branding)?,
            html: html(&draft, &branding)?,
            subject: draft.subject,
            link: template.link().cloned(),
            written_at: at.millis(),
        })
    }
}

/// The plain-text part.
///
/// # Errors
/// None but a template's own, which no value causes.
pub(super) fn text(draft: &Draft, branding: &MailBranding) -> askama::Result<String> {
    TextPart { draft, branding }.render()
}

/// The HTML part.
///
/// # Errors
/// As [`text`].
pub(super) fn html(draft: &Draft, branding: &MailBranding) -> askama::Result<String> {
    let accent = Colour::parse(&branding.accent);
    let part = HtmlPart {
        draft,
        branding,
        accent: accent.for_light_scheme(),
        plate: LIGHT_CARD,
        dark_accent: accent.for_dark_scheme(),
        dark_on_accent: DARK_ON_ACCENT,
        dark_plate: DARK_CARD,
    };
    part.render()
}

impl TextPart<'_> {
    /// Breaks a paragraph between words.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn wrap(&self, text: impl AsRef<str>) -> String {
        wrap(text.as_ref())
    }
}

fn wrap(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 {
            let fits = column + 1 + width <= WIDTH;
            out.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        out.push_str(word);
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_words_are_not_broken() {
        let text = format!("{} ab {} end", "a".repeat(75), "b".repeat(100));
        let lines: Vec<usize> = wrap(&text).lines().map(str::len).collect();
        assert_eq!(lines, [78, 100, 3]);
        assert_eq!(wrap("  "), "");
    }
}
