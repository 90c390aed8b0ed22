//! Bookplate's server: the composition root and the HTTP edge.

pub mod adapters;
pub mod admin_commands;
pub mod commands;
pub mod config;
pub mod http;
pub mod serve;
pub mod server;
pub mod workers;

pub use self::http::{AppState, Site, router};
