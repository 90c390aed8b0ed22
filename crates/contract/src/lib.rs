//! Values, error codes and wire types that the server and the browser share.
//!
//! Forms and JSON are parsed into the values of this crate before a service is called, so that a rule about an e-mail
//! address or a password has one place. The crate builds for WASM: it has no clock, no randomness and no I/O. Addresses are
//! the server's alone, because the tables of internationalised domains would be most of what the browser loads.

mod answers;
mod better_auth;
mod code;
pub mod conversations;
mod default_questions;
#[cfg(not(target_family = "wasm"))]
mod domain_name;
#[cfg(not(target_family = "wasm"))]
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
mod verification_code;

pub use answers::{AnswerInput, Answers};
pub use better_auth::{SessionAndUser, SessionBody, UserDto};
pub use code::Code;
#[cfg(not(target_family = "wasm"))]
pub use email::Email;
pub use error_messages::sentence;
pub use local_path::{LocalPath, with_next};
pub use name::{Image, PersonName};
pub use password::{NewPassword, PasswordAttempt};
pub use problem::{Problem, Problems, Reason};
pub use question::{AskWhen, Choice, Question, QuestionKind, Questions};
pub use strength::{Strength, strength};
pub use text::{is_unfit_for_lines, trim_line};
pub use timestamp::Timestamp;
pub use verification_code::VerificationCode;
