//! `bookplate migrate`, and the first step of every command.

use domain::{Clock, Database};

use super::CommandError;
use crate::{adapters::SystemClock, config::Config};

/// Opens the database and brings its schema up to date.
pub(super) async fn open(config: &Config) -> Result<Database, CommandError> {
    let database = Database::connect(&config.database_url, config.database_connections).await?;
    let count = database.migrate(SystemClock.now().millis()).await?;
    if count > 0 {
        tracing::info!(migrations = count, "the database is up to date");
    }
    Ok(database)
}
