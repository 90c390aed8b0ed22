//! A carrier that keeps what it is given, and does what a test tells it to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{MailMessage, Mailer, MailerError};
use tokio::sync::watch;

/// What a [`MemoryMailer`] does with the next mails.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MailerBehavior {
    /// Takes them.
    #[default]
    Takes,
    /// Refuses them as a server does that is away or full.
    RefusesForNow,
    /// Refuses them for now, and asks for so many seconds without another attempt.
    AsksForSeconds(u32),
    /// Refuses them as a server does that will never take them.
    RefusesForGood,
    /// Answers nothing until it behaves otherwise, and then does that.
    Hangs,
}

/// Keeps the mails it accepts, in order.
#[derive(Debug)]
pub struct MemoryMailer {
    taken: watch::Sender<Vec<MailMessage>>,
    conduct: watch::Sender<MailerBehavior>,
    tried: Mutex<Vec<String>>,
}

impl Default for MemoryMailer {
    fn default() -> Self {
        Self {
            taken: watch::Sender::new(Vec::new()),
            conduct: watch::Sender::new(MailerBehavior::default()),
            tried: Mutex::default(),
        }
    }
}

impl MemoryMailer {
    /// From now on, also for mails it holds back.
    pub fn set_behavior(&self, conduct: MailerBehavior) {
        self.conduct.send_replace(conduct);
    }

    /// The accepted mails.
    pub fn sent(&self) -> Vec<MailMessage> {
        self.taken.borrow().clone()
    }

    /// The accepted mails to an address.
    pub fn sent_to(&self, address: &str) -> Vec<MailMessage> {
        self.taken.borrow().iter().filter(|mail| mail.to == address).cloned().collect()
    }

    /// Waits until it has taken so many mails, and returns them all. A test that waits in vain is ended by its own
    /// bound on time.
    pub async fn wait_for(&self, count: usize) -> Vec<MailMessage> {
        let mut taken = self.taken.subscribe();
        let mails = taken.wait_for(|mails| mails.len() >= count).await;
        mails.expect("the mailer lives as long as its reference").clone()
    }

    /// How often it was asked to take a mail, whatever it answered or does not answer yet.
    pub fn tries(&self) -> usize {
        self.tried().len()
    }

    /// The ids of the mails it was asked to take, each as often as it was asked.
    pub fn tried_ids(&self) -> Vec<String> {
        self.tried().clone()
    }

    /// Forgets what it has taken and was asked to take.
    pub fn clear(&self) {
        self.taken.send_replace(Vec::new());
        self.tried().clear();
    }

    fn tried(&self) -> MutexGuard<'_, Vec<String>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, mail: &MailMessage) -> Result<(), MailerError> {
        self.tried().push(mail.id.clone());
        let mut conduct = self.conduct.subscribe();
        let now = conduct.wait_for(|conduct| *conduct != MailerBehavior::Hangs).await;
        let now = now.expect("the mailer lives as long as its reference").clone();
        match now {
            MailerBehavior::RefusesForNow => Err(MailerError::Passing("451 not now".to_owned())),
            MailerBehavior::AsksForSeconds(seconds) => {
                Err(MailerError::RetryAfter("429 too many".to_owned(), seconds))
            }
            MailerBehavior::RefusesForGood => Err(MailerError::Final("550 no such mailbox".to_owned())),
            MailerBehavior::Takes | MailerBehavior::Hangs => {
                self.taken.send_modify(|mails| mails.push(mail.clone()));
                Ok(())
            }
        }
    }

    async fn check(&self) -> Result<String, String> {
        Ok("memory".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn mail(id: &str) -> MailMessage {
        MailMessage {
            id: id.to_owned(),
            kind: "password-changed".to_owned(),
            to: format!("{id}@example.org"),
            subject: "Subject".to_owned(),
            text: "Text".to_owned(),
            html: "<p>Text".to_owned(),
            link: None,
            written_at: 0,
        }
    }

    #[tokio::test]
    async fn mails_are_kept_in_order_and_refusals_are_not() {
        let mailer = MemoryMailer::default();
        mailer.send(&mail("one")).await.unwrap();
        mailer.set_behavior(MailerBehavior::RefusesForNow);
        assert!(matches!(mailer.send(&mail("two")).await, Err(MailerError::Passing(_))));
        mailer.set_behavior(MailerBehavior::RefusesForGood);
        assert!(matches!(mailer.send(&mail("two")).await, Err(MailerError::Final(_))));
        assert_eq!(mailer.sent(), [mail("one")]);
        assert!(mailer.sent_to("two@example.org").is_empty());
        assert_eq!((mailer.tries(), mailer.tried_ids()), (3, vec!["one".into(), "two".into(), "two".into()]));
    }

    #[tokio::test]
    async fn a_letter_held_back_is_taken_when_the_mailer_lets_go() {
        let mailer = Arc::new(MemoryMailer::default());
        mailer.set_behavior(MailerBehavior::Hangs);
        let sending = tokio::spawn({
            let mailer = Arc::clone(&mailer);
            async move { mailer.send(&mail("one")).await }
        });
        while mailer.tries() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!sending.is_finished() && mailer.sent().is_empty());
        mailer.set_behavior(MailerBehavior::Takes);
        assert_eq!(mailer.wait_for(1).await, [mail("one")]);
        assert_eq!(sending.await.unwrap(), Ok(()));
    }
}
