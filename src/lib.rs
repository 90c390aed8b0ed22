//! Bookplate's server: the composition root and the HTTP layer.

pub mod adapters;
pub mod commands;
mod compose;
pub mod config;
pub mod http;
pub mod server;
pub mod telemetry;
pub mod workers;

pub use self::{
    compose::compose,
    http::{AppState, Outbox, Site, router},
};
