//! `POST /conversations/-/import`: a file of conversations from a form, read while it arrives.

use app::{FormErrors, FormFields, ImportedFile};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use contract::{Code, LocalPath, Problem, Problems, Reason};
use domain::{FileSource, ImportStop, Principal, Rule, SignedIn};
use futures_util::stream::{self, Stream};
use http::{header, request::Parts};
use multer::Multipart;

use super::{
    render::{RenderContext, render, render_problem, see_other},
    request::PageRequest,
};
use crate::http::{
    app_state::AppState,
    browser_effects::WithBrowserEffects,
    conversations::{Upload, WORK_BUDGET},
    csrf::OriginPolicy,
    errors::{
        error_headers,
        problem_json::{Document, status_of},
    },
    rate_limit,
    work_time::WorkTime,
};

/// Where a browser without a session is sent.
const SIGN_IN_FIRST: &str = "/sign-in?next=/conversations/-/import";

/// Imports the file of the form, and shows the page with what came of it. Sending it again adds nothing, so the page may be
/// loaded anew.
pub async fn import(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(problem) = allow(&state, &parts).await {
        return render_problem(&state, parts.uri, problem).await;
    }
    let PageRequest { visitor, effects } = match PageRequest::load(&state, &parts).await {
        Ok(request) => request,
        Err(problems) => return render_problem(&state, parts.uri, problems.first().clone()).await,
    };
    let Some(signed_in) = visitor.signed_in.clone() else {
        return see_other(LocalPath::parse(SIGN_IN_FIRST).as_ref());
    };
    let context = RenderContext { visitor, ..RenderContext::default() };
    let response = match read(&state, &parts, body, &signed_in).await {
        Ok(file) => {
            let context = RenderContext { imported: Some(file), ..context };
            render(&state, parts.uri, context).await
        }
        Err(problems) => {
            let first = problems.first().clone();
            let errors = Some(FormErrors { problems, typed: FormFields::default() });
            let mut response = render(&state, parts.uri, RenderContext { errors, ..context }).await;
            // As the JSON API answers the same file.
            *response.status_mut() = status_of(first.code);
            error_headers(&first, &mut response);
            response
        }
    };
    response.with_effects(effects)
}

async fn allow(state: &AppState, parts: &Parts) -> Result<(), Problem> {
    state.site.trusted_origins.only_self().check_origin(&parts.headers, OriginPolicy::FromBrowser)?;
    rate_limit::form(state, parts).await
}

async fn read(
    state: &AppState,
    parts: &Parts,
    body: Body,
    signed_in: &SignedIn,
) -> Result<ImportedFile, Problems> {
    let user_id = &signed_in.user.id;
    let counted = state.services.limits.check_request(Rule::Conversations, user_id, "write");
    counted.map_err(Problem::from)?;
    let time: WorkTime = parts.extensions.get().cloned().unwrap_or_else(WorkTime::begin);
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default());
    let boundary = boundary.map_err(|_| Problem::new(Code::UnsupportedMediaType));
    let is_form = boundary.as_ref().map(|_| ()).map_err(Clone::clone);
    let upload = Upload::begin(state, signed_in, parts, body, is_form).await?;
    let file = FormFile::find(upload, boundary?).await?;
    let left = WORK_BUDGET.saturating_sub(time.elapsed());
    let (imported, stop) = state
        .services
        .transfer
        .import(Principal::reader(user_id), file, left)
        .await
        .map_err(Problems::from)?;
    let stopped = stop.map(|stop| match stop {
        ImportStop::OutOfTime => {
            "There was no time for all of the file. Send it again for the rest; nothing comes in twice."
                .to_owned()
        }
        ImportStop::Invalid(problems) => {
            format!("The file was not read to its end. {}", Document::of(&problems).detail)
        }
    });
    Ok(ImportedFile { imported, stopped })
}

/// The file of a form that arrives.
struct FormFile {
    field: multer::Field<'static>,
}

impl FormFile {
    /// The first file of a form.
    async fn find(upload: Upload, boundary: String) -> Result<Self, Problem> {
        let mut form = Multipart::new(pieces(upload), boundary);
        loop {
            match form.next_field().await.map_err(problem)? {
                Some(field) if field.name() == Some("file") && field.file_name() != Some("") => {
                    return Ok(Self { field });
                }
                Some(_) => {}
                None => {
                    let words = "Choose a file first.".to_owned();
                    let problem = Problem::on(Code::ValidationError, "file");
                    return Err(Problem { reason: Some(Reason::Sentence(words)), ..problem });
                }
            }
        }
    }
}

impl FileSource for FormFile {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        self.field.chunk().await.map_err(problem)
    }
}

/// Why the form cannot be read any further.
#[derive(Debug, thiserror::Error)]
#[error("the form did not arrive")]
struct Broken(Problem);

fn pieces(upload: Upload) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    stream::try_unfold(upload, |mut upload| async {
        // The parser of the form collects whatever is there without a pause, so there is one after each piece.
        tokio::task::yield_now().await;
        let bytes = upload.next().await.map_err(Broken)?;
        Ok(bytes.map(|bytes| (bytes, upload)))
    })
}

fn problem(error: multer::Error) -> Problem {
    match error {
        multer::Error::StreamReadFailed(error) => error
            .downcast::<Broken>()
            .map_or_else(|_| Problem::new(Code::MalformedRequest), |broken| broken.0),
        _ => Problem::new(Code::MalformedRequest),
    }
}
