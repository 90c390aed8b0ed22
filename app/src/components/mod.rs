//! The components of pages. The style of each is in `style/components/`, under the same name.

mod async_section;
mod audit_log;
mod book_links;
mod conversations;
mod datetime;
mod field;
mod field_errors;
mod flash;
mod layout;
mod page_title;
mod question;
mod terms;

pub(crate) use self::{
    async_section::async_section,
    audit_log::AuditLog,
    book_links::BookLinks,
    conversations::{
        BookChoice, Manage, Rows, Undo, hit_rows, list_more, list_region, list_rows, message_rows, name_of,
        page_of, way_to_earlier, way_to_later,
    },
    datetime::{Date, DateTime},
    field::{Choice, Field, KeepSignedIn, PasswordField, TextField, described_by},
    field_errors::{FieldErrors, FieldState, ProblemSummary},
    flash::{ErrorNotice, FlashMessage, FlashOnce, SuccessNotice},
    layout::{BookLink, Card, CardLayout, EX_LIBRIS, Entry, PageLayout, Section},
    page_title::PageTitle,
    question::Questionnaire,
    terms::AcceptTerms,
};
