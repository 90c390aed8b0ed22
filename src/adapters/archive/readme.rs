//! The word on what is in the archive.

use domain::export::Export;

/// Plain text with short lines, which every machine can show.
pub(super) fn write(export: &Export) -> String {
    let book = one_line(&export.book.name);
    let address = one_line(&export.book.address);
    let version = export.version;
    format!(
        "Your account at {book}
{address}

This is everything that was stored about you there on
{day}, at {time} UTC.

account.html  to read: open it in a browser. It loads nothing from the
              network and needs no script.
conversations.html, conversations/
              your conversations to read, a page each.
conversations.json
              the same for programs; may be taken in at another book.
account.json  the account for programs. The member \"format\" says what it is,
              \"version\" ({version}) which description it follows:
              docs/EXPORT.md in Bookplate's own documentation.

What is not in it, because it would open your account for whoever finds this
file: the hash of your password, the hashes of mailed links, the secrets in
your browsers' cookies. Mails that wait to be sent are encrypted; the file
says only that they wait.

Keep it where you keep other private papers.
",
        day = export.exported_at.day(),
        time = export.exported_at.iso().get(11..16).unwrap_or_default(),
    )
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
