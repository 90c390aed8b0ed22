//! The descriptions of the endpoints below `/api` but `/api/auth`, in the order of the document.

use contract::Questions;

use super::{crud, events, feedback, files, messages, search};
use crate::http::openapi::operation::Operation;

/// Every operation.
pub fn operations(questions: &Questions) -> Vec<Operation> {
    vec![
        crud::list_operation(),
        crud::create_operation(),
        crud::find_operation(),
        crud::update_operation(),
        crud::delete_operation(),
        crud::restore_operation(),
        files::export_operation(),
        files::export_all_operation(),
        files::import_operation(),
        messages::list_operation(),
        messages::append_operation(),
        messages::find_operation(),
        messages::update_operation(),
        feedback::set_operation(),
        feedback::clear_operation(),
        events::stream_operation(),
        search::search_operation(),
        crud::me_operation(questions),
    ]
}
