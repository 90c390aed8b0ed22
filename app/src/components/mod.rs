//! What pages are made of. The look of each part is in `style/components/`, under the same name.

mod field;
mod layout;
mod problem;
mod question;

pub(crate) use self::{
    field::{Field, KeepSignedIn, PasswordField, TextField},
    layout::{EX_LIBRIS, Framed, Plate, Sheet},
    problem::{FieldState, ProblemSummary, Trouble},
    question::Questionnaire,
};
