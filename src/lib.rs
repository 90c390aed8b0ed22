//! Bookplate's server: the composition root and the HTTP edge.

pub mod adapters;
pub mod background;
pub mod cli;
pub mod config;
pub mod http;
pub mod listen;
pub mod operator;
pub mod serve;

pub use self::http::{AppState, Site, router};
