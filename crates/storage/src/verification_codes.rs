//! Six-digit codes in the mails that verify an address, stored as keyed hashes beside the links of the same mails.

use contract::Timestamp;

use crate::{Database, Link, StorageError, connection::Transaction};

/// A code that is to be stored with its link.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// The browser that waits for it: the id of a [`crate::KnownDevice`].
    pub device_id: String,
    /// A keyed hash of the code and its link.
    pub hash: String,
    /// When it expires; its link may last longer.
    pub expires_at: Timestamp,
}

/// A code that one more guess was counted for.
#[derive(Debug, Clone)]
pub struct GuessedCode {
    /// The link that was mailed with it.
    pub link: Link,
    /// Its hash.
    pub hash: String,
}

const INSERT: &str =
    "insert into bookplate_codes (link_id, device_id, code_hash, guesses, created_at, expires_at)
    values ($1, $2, $3, 0, $4, $5)";
/// Of several codes that a browser waits for only the newest counts: else one guess would be tried at each of them. The limit is
/// repeated outside, where PostgreSQL looks at it again when another guess was counted meanwhile.
const COUNT_GUESS: &str = "update bookplate_codes set guesses = guesses + 1
    where guesses < $4 and link_id = (select c.link_id from bookplate_codes c join bookplate_links l on l.id = c.link_id
        where c.device_id = $1 and (l.user_id = $2 or $2 = '') and l.used_at is null
        and c.expires_at > $3 and l.expires_at > $3
        order by c.created_at desc, c.link_id limit 1)
    returning link_id, code_hash";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, COUNT_GUESS];

/// Stores the code of a link.
pub(crate) async fn insert_code(
    tx: &mut Transaction,
    link: &Link,
    code: &NewCode,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    tx.query(INSERT)
        .bind(&link.id)
        .bind(&code.device_id)
        .bind(&code.hash)
        .bind(now.millis())
        .bind(code.expires_at.millis())
        .execute()
        .await?;
    Ok(())
}

impl Database {
    /// Counts a guess at the newest code that a browser waits for, of one user or, with an empty `user_id`, of any. `None` when it
    /// waits for none, or the code has had `max` guesses. Counted before the comparison, so that guesses sent at once
    /// do not slip past the limit.
    pub async fn count_code_guess(
        &self,
        device_id: &str,
        user_id: &str,
        now: Timestamp,
        max: i64,
    ) -> Result<Option<GuessedCode>, StorageError> {
        let counted: Option<(String, String)> = self
            .connection()
            .await?
            .query(COUNT_GUESS)
            .bind(device_id)
            .bind(user_id)
            .bind(now.millis())
            .bind(max)
            .fetch_optional()
            .await?;
        let Some((link_id, hash)) = counted else { return Ok(None) };
        Ok(self.find_link(&link_id).await?.map(|link| GuessedCode { link, hash }))
    }
}
