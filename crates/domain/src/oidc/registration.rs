//! Registration of clients by the operator.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use storage::StoredClient;
use zeroize::Zeroizing;

use super::{Client, ClientSecretHash, Clients, record::declaration_of};
use crate::{ClientMetadata, EventKind, InternalError, audit_log};

/// Why a client was not registered, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// No client has this id.
    #[error("no client has this id")]
    Unknown,
    /// The id is another client's.
    #[error("a client has this id already")]
    Taken,
    /// The client is declared in the configuration.
    #[error("the client is declared in bookplate.toml; change it there")]
    Declared,
    /// A client without a secret is treated as one, so it does not get one later.
    #[error("the client has no secret; to give it one, remove it and add it again with --secret")]
    Public,
    /// There is no previous secret.
    #[error("the client has no previous secret")]
    NoPreviousSecret,
    /// The server failed.
    #[error(transparent)]
    Failure(InternalError),
}

impl Clients {
    /// Registers a client whose declaration was validated. `with_secret` makes it confidential; its secret is returned and
    /// cannot be shown again.
    ///
    /// # Errors
    /// [`RegistrationError::Taken`], [`RegistrationError::Declared`].
    #[tracing::instrument(name = "clients.register", level = "debug", skip_all)]
    pub async fn register(
        &self,
        client: &Client,
        with_secret: bool,
    ) -> Result<Option<Zeroizing<String>>, RegistrationError> {
        if self.is_declared(&client.id) {
            return Err(RegistrationError::Declared);
        }
        let secret = with_secret.then(|| self.new_secret());
        let now = self.register.ports.clock.now();
        let declaration = declaration_of(client).map_err(|error| InternalError::Fault(error.to_string()))?;
        let stored = StoredClient {
            id: client.id.clone(),
            declaration,
            secret_hash: secret.as_ref().map(|secret| ClientSecretHash::of(secret).hex()),
            previous_secret_hash: None,
            created_at: now,
            updated_at: now,
        };
        let record = self.record(EventKind::ClientRegistration);
        if !self.register.database.add_client(&stored, &record).await? {
            return Err(RegistrationError::Taken);
        }
        audit_log::log(&record);
        self.reload().await?;
        Ok(secret)
    }

    /// Gives a confidential client a new secret. The one before is accepted until it is forgotten.
    ///
    /// # Errors
    /// [`RegistrationError::Unknown`], [`RegistrationError::Declared`], [`RegistrationError::Public`].
    #[tracing::instrument(name = "clients.rotate_secret", level = "debug", skip_all)]
    pub async fn rotate_secret(&self, id: &str) -> Result<Zeroizing<String>, RegistrationError> {
        self.stored(id).await?;
        let secret = self.new_secret();
        let record = self.record(EventKind::ClientSecretChange);
        let hash = ClientSecretHash::of(&secret).hex();
        if !self.register.database.rotate_client_secret(id, &hash, &record).await? {
            return Err(RegistrationError::Public);
        }
        audit_log::log(&record);
        self.reload().await?;
        Ok(secret)
    }

    /// Stops accepting a client's previous secret.
    ///
    /// # Errors
    /// [`RegistrationError::Unknown`], [`RegistrationError::Declared`], [`RegistrationError::NoPreviousSecret`].
    #[tracing::instrument(name = "clients.forget_previous_secret", level = "debug", skip_all)]
    pub async fn forget_previous_secret(&self, id: &str) -> Result<(), RegistrationError> {
        self.stored(id).await?;
        let record = self.record(EventKind::ClientSecretChange);
        if !self.register.database.forget_previous_client_secret(id, &record).await? {
            return Err(RegistrationError::NoPreviousSecret);
        }
        audit_log::log(&record);
        Ok(self.reload().await?)
    }

    /// Removes a client with everything it was granted. One that is declared too can be removed here, because the server
    /// does not start until it is.
    ///
    /// # Errors
    /// [`RegistrationError::Unknown`], [`RegistrationError::Declared`] when it is declared alone.
    #[tracing::instrument(name = "clients.remove", level = "debug", skip_all)]
    pub async fn remove(&self, id: &str) -> Result<(), RegistrationError> {
        self.stored(id).await?;
        let record = self.record(EventKind::ClientRemoval);
        if !self.register.database.remove_client(id, &record).await? {
            return Err(RegistrationError::Unknown);
        }
        audit_log::log(&record);
        Ok(self.reload().await?)
    }

    async fn stored(&self, id: &str) -> Result<StoredClient, RegistrationError> {
        let stored = self.register.database.registered_clients().await?;
        let found = stored.into_iter().find(|stored| stored.id == id);
        found.ok_or_else(|| match self.is_declared(id) {
            true => RegistrationError::Declared,
            false => RegistrationError::Unknown,
        })
    }

    /// 32 random bytes, base64url.
    fn new_secret(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.register.ports.entropy.fill(&mut *bytes);
        Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))
    }

    fn record(&self, kind: EventKind) -> storage::AuditRecord {
        let mut record = self.register.events.done(kind, "", &ClientMetadata::default());
        record.event.user_id = None;
        record
    }
}

impl<E: Into<InternalError>> From<E> for RegistrationError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}
