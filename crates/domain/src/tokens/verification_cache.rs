//! A cache of verified signatures, because verifying one takes longer than the rest of many requests.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{ConversationAccess, ConversationsOf};
use crate::oidc::Scopes;

/// Tokens kept in memory.
const MAX_TOKENS: usize = 10_000;

/// The claims of a token with a valid signature, of our issuer and type, for Bookplate or a declared audience.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) sid: String,
    pub(super) jti: Option<String>,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) nbf: Option<i64>,
    pub(super) audience: TokenAudience,
    /// What both its `scope` and its audience allow.
    pub(super) conversations: ConversationAccess,
    pub(super) conversations_of: ConversationsOf,
    /// The client that it was issued to, and its grant and scopes; `None` for what `GET /api/auth/token` issues.
    pub(super) client: Option<TokenClient>,
}

/// The client of a token, and what it was granted.
#[derive(Debug, Clone)]
pub(super) struct TokenClient {
    pub(super) id: String,
    /// `None` when the holder of a shared secret has signed it.
    pub(super) grant_id: Option<String>,
    pub(super) scopes: Scopes,
}

/// For whom a token was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenAudience {
    /// Bookplate itself.
    Bookplate,
    /// The declared audience of this name, signed with its shared secret.
    Shared(String),
    /// The declared audience of this name, signed with a published key.
    Published(String),
}

/// Claims by the SHA-256 of their token. Times and the session are checked anew with each use.
#[derive(Debug, Default)]
pub(super) struct VerificationCache(Mutex<HashMap<[u8; 32], Arc<Claims>>>);

impl VerificationCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Claims>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<Arc<Claims>> {
        self.lock().get(hash).cloned()
    }

    pub(super) fn insert(&self, hash: [u8; 32], claims: &Arc<Claims>) {
        let mut tokens = self.lock();
        if tokens.len() >= MAX_TOKENS {
            tokens.clear();
        }
        tokens.insert(hash, Arc::clone(claims));
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }
}
