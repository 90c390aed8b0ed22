//! What the pages of conversations load, and the server functions behind their forms.

mod forms;
mod list;
mod turns;

pub(crate) use self::{list::list, turns::turns};

use contract::Problems;

use super::request_context;
use crate::{context::RequestContext, fragments::FormError};

/// Tells the edge or the page why nothing came of what was asked.
fn refused(context: &RequestContext, problems: impl Into<Problems>) -> FormError {
    let code = problems.into().first().code;
    context.answer.set(|answered| answered.code = Some(code));
    FormError(code)
}
