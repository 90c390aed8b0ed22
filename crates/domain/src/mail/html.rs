//! The HTML part: the book's paper, one plate, one button. No picture is fetched, so nobody learns that it was read.
//!
//! Styles stand in attributes because some mail programs drop the style element; the element holds what only it can
//! say, the colours by night. Two tables, because Word renders mail for one large program and knows no other way to
//! centre a column.

use super::{
    colour::{Colour, DARK_ON_ACCENT, DARK_PLATE, LIGHT_PLATE, WHITE},
    draft::{Block, Draft},
    message::MailBranding,
};

const SERIF: &str = "'Iowan Old Style','Palatino Linotype',Charter,Georgia,serif";
const SANS: &str = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const PAPER: &str = "#f7f3ec";
const INK: &str = "#281f19";
const QUIET: &str = "#635850";
const LINE: &str = "#d2cabe";

/// Writes a draft as an HTML document.
pub(super) fn render(draft: &Draft, head: &MailBranding) -> String {
    let accent = Colour::parse(&head.accent);
    let day = accent.by_day().hex();
    let blocks: String = draft.blocks.iter().map(|it| block(it, &day)).collect();
    let (subject, preview, heading) =
        (escaped(&draft.subject), escaped(&draft.preview), escaped(&draft.heading));
    let (book, origin, why) = (escaped(&head.book), escaped(&head.origin), escaped(&draft.why));
    let (night, plate) = (style(accent), LIGHT_PLATE.hex());
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
{night}</head>
<body class="paper" style="margin:0;padding:0;background:{PAPER}">
<div style="display:none;max-height:0;overflow:hidden">{preview}</div>
<table class="paper" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:{PAPER}">
<tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="480" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:480px">
<tr><td class="ink" align="center" style="padding:0 0 16px;font:18px/1.4 {SERIF};color:{INK}">{book}</td></tr>
<tr><td class="plate ink" style="padding:28px;background:{plate};border:3px double {LINE};font:16px/1.55 {SANS};color:{INK}">
<h1 class="ink" style="margin:0 0 16px;font:normal 24px/1.3 {SERIF};color:{INK}">{heading}</h1>
{blocks}</td></tr>
<tr><td class="quiet" style="padding:16px 4px 0;font:13px/1.5 {SANS};color:{QUIET}">{why}<br>
<a class="quiet" href="{origin}" style="color:{QUIET}">{origin}</a></td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"#
    )
}

/// The colours by night. Mail programs that invert colours themselves leave these alone.
fn style(accent: Colour) -> String {
    let (plate, accent, on_accent) = (DARK_PLATE.hex(), accent.by_night().hex(), DARK_ON_ACCENT.hex());
    format!(
        "<style>
:root{{color-scheme:light dark;supported-color-schemes:light dark}}
@media (prefers-color-scheme:dark){{
.paper{{background:#161310!important}}
.plate{{background:{plate}!important;border-color:#423d36!important}}
.ink{{color:#e8e3db!important}}
.quiet{{color:#a8a299!important}}
.accent{{color:{accent}!important}}
.button{{background:{accent}!important;color:{on_accent}!important}}
}}
</style>
"
    )
}

fn block(block: &Block, accent: &str) -> String {
    const PARAGRAPH: &str = "margin:0 0 16px";
    match block {
        Block::Say(text) => format!("<p style=\"{PARAGRAPH}\">{}</p>\n", escaped(text)),
        Block::Facts(facts) => {
            let lines = facts.iter().map(|(name, value)| {
                format!("{}: <strong><bdi>{}</bdi></strong>", escaped(name), escaped(value))
            });
            format!("<p style=\"{PARAGRAPH}\">{}</p>\n", lines.collect::<Vec<_>>().join("<br>\n"))
        }
        Block::Act { label, url, lasts } => {
            let (url, label, lasts, white) = (escaped(url), escaped(label), escaped(lasts), WHITE.hex());
            format!(
                "<p style=\"margin:24px 0\"><a class=\"button\" href=\"{url}\" style=\"display:inline-block;\
                 padding:12px 20px;border-radius:3px;background:{accent};color:{white};font-weight:600;\
                 text-decoration:none\">{label}</a></p>\n\
                 <p class=\"quiet\" style=\"{PARAGRAPH};font-size:14px;color:{QUIET}\">{lasts} Where the button does \
                 nothing, open this address:<br>\n{}</p>\n",
                anchor(&url, accent)
            )
        }
        Block::Go { sentence, url } => {
            let (sentence, link) = (escaped(sentence), anchor(&escaped(url), accent));
            format!("<p style=\"{PARAGRAPH}\">{sentence}<br>\n{link}</p>\n")
        }
    }
}

/// An address that is shown whole. `url` is escaped already.
fn anchor(url: &str, accent: &str) -> String {
    format!("<a class=\"accent\" href=\"{url}\" style=\"color:{accent};word-break:break-all\">{url}</a>")
}

/// Text for between tags and for quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
