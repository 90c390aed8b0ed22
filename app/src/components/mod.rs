//! What pages are made of. The look of each part is in `style/components/`, under the same name.

mod conversations;
mod field;
mod audit_log;
mod layout;
mod async_section;
mod datetime;
mod problem;
mod question;
mod flash;

pub(crate) use self::{
    conversations::{
        Manage, Rows, Undo, hit_rows, list_more, list_region, list_rows, name_of, page_of, turn_rows,
        way_to_earlier, way_to_later,
    },
    field::{Choice, Field, KeepSignedIn, PasswordField, TextField, described_by},
    audit_log::Happened,
    layout::{BookLink, EX_LIBRIS, Entry, Framed, PageTitle, Plate, Section, Sheet},
    async_section::async_section,
    datetime::{Day, Moment},
    problem::{FieldState, ProblemSummary, FieldErrors},
    question::Questionnaire,
    flash::{Bad, Good, FlashOnce, Told},
};
