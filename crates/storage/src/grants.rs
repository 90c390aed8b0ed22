//! Authorization codes and grants of OAuth 2.0.

use contract::Timestamp;
use sqlx::FromRow;

use crate::{Database, StorageError, connection::Transaction};

/// An authorization code (RFC 6749 section 4.1.2).
#[derive(Debug, Clone, FromRow)]
pub struct AuthorizationCode {
    /// SHA-256 of the code, in lower-case hex.
    pub id: String,
    /// The session that it was issued in.
    pub session_id: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The challenge of S256 (RFC 7636 section 4.2).
    pub code_challenge: String,
    /// The name of the audience that was asked for; `None` for Bookplate itself.
    pub audience: Option<String>,
    /// The granted scopes, separated by spaces.
    pub scope: String,
    /// The `nonce` of the request.
    pub nonce: Option<String>,
    /// When it was issued.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When it expires.
    #[sqlx(try_from = "i64")]
    pub expires_at: Timestamp,
}

/// What a client was granted in a session.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Grant {
    /// Its id, a UUID.
    pub id: String,
    /// The session that it ends with.
    pub session_id: String,
    /// The client.
    pub client_id: String,
    /// The name of the audience that tokens are for by default; `None` for Bookplate itself.
    pub audience: Option<String>,
    /// The granted scopes, separated by spaces.
    pub scope: String,
    /// The number of the newest refresh token.
    pub generation: i64,
    /// When that one was issued.
    #[sqlx(try_from = "i64")]
    pub rotated_at: Timestamp,
    /// When the code was exchanged.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
}

/// What became of a code that was presented.
#[derive(Debug)]
pub enum RedeemOutcome {
    /// The grant is stored.
    Granted(AuthorizationCode),
    /// The code is spent, and nothing is granted: it was presented by another client or with a wrong verifier, or is too old.
    Refused,
    /// The code was spent before. What it gave is revoked.
    Reused(AuthorizationCode),
    /// There is no such code.
    Unknown,
}

const CODE: &str =
    "id, session_id, client_id, redirect_uri, code_challenge, audience, scope, nonce, created_at, expires_at";
const INSERT_CODE: &str = "insert into bookplate_authorization_codes
    (id, session_id, client_id, redirect_uri, code_challenge, audience, scope, nonce, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
/// Of several at once one finds no grant; the others wait for its transaction and find what it has granted.
const SPEND_CODE: &str = const_format::concatcp!(
    "update bookplate_authorization_codes set grant_id = $2 where id = $1 and grant_id is null returning ",
    CODE
);
const FIND_CODE: &str =
    const_format::concatcp!("select ", CODE, " from bookplate_authorization_codes where id = $1");
const REVOKE_OF_CODE: &str = "delete from bookplate_grants
    where id = (select c.grant_id from bookplate_authorization_codes c where c.id = $1)";
const INSERT: &str = "insert into bookplate_grants
    (id, session_id, client_id, audience, scope, generation, rotated_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";
const FIND: &str = "select id, session_id, client_id, audience, scope, generation, rotated_at, created_at
    from bookplate_grants where id = $1";
const OF_USER: &str =
    "select g.id, g.session_id, g.client_id, g.audience, g.scope, g.generation, g.rotated_at, g.created_at
    from bookplate_grants g join bookplate_sessions s on s.id = g.session_id
    where s.user_id = $1 order by g.created_at, g.id";
const ROTATE: &str = "update bookplate_grants set generation = generation + 1, rotated_at = $3
    where id = $1 and generation = $2";
const REVOKE: &str = "delete from bookplate_grants where id = $1";

pub(crate) const STATEMENTS: &[&str] =
    &[INSERT_CODE, SPEND_CODE, FIND_CODE, REVOKE_OF_CODE, INSERT, FIND, OF_USER, ROTATE, REVOKE];

impl Database {
    /// Stores an authorization code.
    pub async fn add_authorization_code(&self, code: &AuthorizationCode) -> Result<(), StorageError> {
        let mut connection = self.connection().await?;
        connection
            .query(INSERT_CODE)
            .bind(&code.id)
            .bind(&code.session_id)
            .bind(&code.client_id)
            .bind(&code.redirect_uri)
            .bind(&code.code_challenge)
            .bind(&code.audience)
            .bind(&code.scope)
            .bind(&code.nonce)
            .bind(code.created_at.millis())
            .bind(code.expires_at.millis())
            .execute()
            .await?;
        Ok(())
    }

    /// Spends a code, and stores the grant `grant_id` when `accepts` says so. A code that was spent before revokes what it
    /// gave (RFC 6749 section 4.1.2).
    pub async fn redeem_authorization_code(
        &self,
        id: &str,
        grant_id: &str,
        now: Timestamp,
        accepts: impl FnOnce(&AuthorizationCode) -> bool + Send,
    ) -> Result<RedeemOutcome, StorageError> {
        let mut tx = self.begin().await?;
        let spent: Option<AuthorizationCode> =
            tx.query(SPEND_CODE).bind(id).bind(grant_id).fetch_optional().await?;
        let outcome = match spent {
            Some(code) if accepts(&code) => {
                insert_grant(&mut tx, &Grant::of_code(&code, grant_id, now)).await?;
                RedeemOutcome::Granted(code)
            }
            Some(_) => RedeemOutcome::Refused,
            None => match tx.query(FIND_CODE).bind(id).fetch_optional().await? {
                Some(code) => {
                    tx.query(REVOKE_OF_CODE).bind(id).execute().await?;
                    RedeemOutcome::Reused(code)
                }
                None => RedeemOutcome::Unknown,
            },
        };
        tx.commit().await?;
        Ok(outcome)
    }

    /// The grant with this id, also one of a session that has expired: the caller decides.
    pub async fn find_grant(&self, id: &str) -> Result<Option<Grant>, StorageError> {
        Ok(self.connection().await?.query(FIND).bind(id).fetch_optional().await?)
    }

    /// Every grant of a user, the oldest first.
    pub async fn grants_of(&self, user_id: &str) -> Result<Vec<Grant>, StorageError> {
        Ok(self.connection().await?.query(OF_USER).bind(user_id).fetch_all().await?)
    }

    /// Replaces the refresh token number `generation` by the next; `false` when that was done before.
    pub async fn rotate_grant(
        &self,
        id: &str,
        generation: i64,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut connection = self.connection().await?;
        let rotated = connection.query(ROTATE).bind(id).bind(generation).bind(now.millis()).execute().await?;
        Ok(rotated > 0)
    }

    /// Deletes a grant, and with it all its tokens. One that is gone is no error.
    pub async fn revoke_grant(&self, id: &str) -> Result<(), StorageError> {
        self.connection().await?.query(REVOKE).bind(id).execute().await?;
        Ok(())
    }
}

impl Grant {
    fn of_code(code: &AuthorizationCode, id: &str, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            session_id: code.session_id.clone(),
            client_id: code.client_id.clone(),
            audience: code.audience.clone(),
            scope: code.scope.clone(),
            generation: 1,
            rotated_at: now,
            created_at: now,
        }
    }
}

async fn insert_grant(tx: &mut Transaction, grant: &Grant) -> Result<(), sqlx::Error> {
    tx.query(INSERT)
        .bind(&grant.id)
        .bind(&grant.session_id)
        .bind(&grant.client_id)
        .bind(&grant.audience)
        .bind(&grant.scope)
        .bind(grant.generation)
        .bind(grant.rotated_at.millis())
        .bind(grant.created_at.millis())
        .execute()
        .await?;
    Ok(())
}
