//! Values, error codes and wire types that the server and the browser share.
//!
//! Forms and JSON are parsed into the values of this crate before a service is called, so that a rule about an e-mail
//! address or a password has one place. The crate builds for WASM: it has no clock, no randomness and no I/O.

mod answers;
mod better_auth;
mod code;
pub mod conversations;
mod default_questions;
mod email;
mod error_messages;
mod local_path;
mod name;
mod password;
mod problem;
mod question;
pub mod routes;
mod strength;
mod text;
mod timestamp;

pub use answers::{AnswerInput, Answers};
pub use better_auth::{SessionAndUser, SessionBody, UserDto};
pub use code::Code;
pub use email::Email;
pub use error_messages::sentence;
pub use local_path::LocalPath;
pub use name::{Image, PersonName};
pub use password::{NewPassword, PasswordAttempt};
pub use problem::{Problem, Problems, Reason};
pub use question::{AskWhen, Choice, Question, QuestionKind, Questions};
pub use strength::{Strength, strength};
pub use text::is_unfit_for_lines;
pub use timestamp::Timestamp;
