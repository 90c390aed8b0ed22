//! What pages are made of. The look of each part is in `style/components/`, under the same name.

mod conversations;
mod field;
mod happened;
mod layout;
mod lookup;
mod moment;
mod problem;
mod question;
mod told;

pub(crate) use self::{
    conversations::{
        Manage, Rows, Undo, hit_rows, list_more, list_region, list_rows, name_of, page_of, turn_rows,
        way_to_earlier, way_to_later,
    },
    field::{Choice, Field, KeepSignedIn, PasswordField, TextField, described_by},
    happened::Happened,
    layout::{BookLink, EX_LIBRIS, Entry, Framed, PageTitle, Plate, Section, Sheet},
    lookup::looked_up,
    moment::{Day, Moment},
    problem::{FieldState, ProblemSummary, Trouble},
    question::Questionnaire,
    told::{Bad, Good, Telling, Told},
};
