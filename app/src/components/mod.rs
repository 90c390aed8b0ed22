//! What pages are made of. The look of each part is in `style/components/`, under the same name.

mod field;
mod happened;
mod layout;
mod lookup;
mod moment;
mod problem;
mod question;
mod told;

pub(crate) use self::{
    field::{Choice, Field, KeepSignedIn, PasswordField, TextField},
    happened::Happened,
    layout::{BookLink, EX_LIBRIS, Entry, Framed, PageTitle, Plate, Section, Sheet},
    lookup::looked_up,
    moment::{Day, Moment},
    problem::{FieldState, ProblemSummary, Trouble},
    question::Questionnaire,
    told::{Bad, Good, Told},
};
