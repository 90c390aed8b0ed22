//! Where mail is sent: to a mail server, to an API over HTTPS, or to a file in development.

mod api;
mod message;
mod outbox;
mod reason;
mod smtp;

use std::{error::Error, sync::Arc};

use domain::Mailer;

pub use api::ApiMailer;
pub use outbox::OutboxFile;
pub use smtp::SmtpMailer;

use crate::config::{Mail, MailServer};

/// The mailer of a configuration; `None` when it has none.
///
/// # Errors
/// When TLS cannot be prepared, or the folder of the outbox cannot be made.
pub fn mailer(mail: &Mail) -> Result<Option<Arc<dyn Mailer>>, Box<dyn Error>> {
    match &mail.server {
        Some(MailServer::Smtp(url)) => {
            return Ok(Some(Arc::new(SmtpMailer::new(url, mail.from.clone(), &mail.tls)?)));
        }
        Some(MailServer::Api(api)) => {
            return Ok(Some(Arc::new(ApiMailer::new(api, mail.from.clone(), &mail.tls)?)));
        }
        None => {}
    }
    let Some(path) = &mail.outbox else { return Ok(None) };
    let outbox = OutboxFile::open(path)
        .map_err(|error| format!("the outbox {} cannot be written: {error}", path.display()))?;
    Ok(Some(Arc::new(outbox)))
}
