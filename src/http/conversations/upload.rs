//! A file for import, on its way.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use contract::{Code, Problem};
use domain::{FileSource, Services, SignedIn};
use http::request::Parts;
use tokio::time::Instant;

use crate::http::{
    app_state::AppState,
    large_bodies::{LargeBodies, LargeBody},
    request_body::ArrivingBody,
    routes::MAX_BODY,
};

/// How often the session is checked while the file arrives, which may take minutes.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// A file that arrives. More than [`MAX_BODY`] bytes count as a large body until it is dropped.
pub struct Upload {
    arriving: ArrivingBody,
    large_bodies: Arc<LargeBodies>,
    large: Option<LargeBody>,
    services: Arc<Services>,
    user_id: String,
    session_id: String,
    checked: Instant,
}

impl Upload {
    /// A file of which nothing has been read.
    ///
    /// # Errors
    /// `media_type`, or `SERVICE_BUSY` when there is no room for another large one.
    pub async fn begin(
        state: &AppState,
        signed_in: &SignedIn,
        parts: &Parts,
        body: Body,
        media_type: Result<(), Problem>,
    ) -> Result<Self, Problem> {
        let mut upload = Self {
            arriving: ArrivingBody::new(parts, body)?,
            large_bodies: Arc::clone(&state.large_bodies),
            large: None,
            services: Arc::clone(&state.services),
            user_id: signed_in.user.id.clone(),
            session_id: signed_in.session.id.clone(),
            checked: Instant::now(),
        };
        upload.arriving.or_discard(media_type).await?;
        if upload.arriving.is_declared_large() {
            upload.take_memory().await?;
        }
        Ok(upload)
    }

    async fn take_memory(&mut self) -> Result<(), Problem> {
        let begun = self.large_bodies.begin_import(&self.user_id);
        self.large = Some(self.arriving.or_discard(begun).await?);
        Ok(())
    }
}

impl FileSource for Upload {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let bytes = self.arriving.next().await?;
        if self.large.is_none() && self.arriving.received() > MAX_BODY {
            self.take_memory().await?;
        }
        // Nothing is taken in for somebody who has signed out meanwhile.
        if self.checked.elapsed() >= CHECK_EVERY {
            let is_active = self.services.sessions.is_active(&self.session_id).await;
            if !is_active.map_err(Problem::from)? {
                return Err(Problem::new(Code::Unauthorized));
            }
            self.checked = Instant::now();
        }
        Ok(bytes)
    }
}
