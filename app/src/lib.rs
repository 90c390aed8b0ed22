//! Bookplate's pages.
//!
//! With `ssr` this is the whole interface: components, pages and the server functions behind every form. With `hydrate`
//! only the islands remain, so what a browser downloads grows with the islands and not with the pages.

// What `view!` and the component macros write is theirs: props structs without words, and `pub` where nothing is.
#![expect(missing_docs, reason = "the component macros generate undocumented items")]

pub mod fragments;
pub mod islands;

#[cfg(feature = "ssr")]
mod components;
#[cfg(feature = "ssr")]
mod context;
#[cfg(feature = "ssr")]
mod form;
#[cfg(feature = "ssr")]
mod next;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod site;

#[cfg(feature = "ssr")]
pub use self::{
    context::{
        EmailLinkToken, FormErrors, ImportedFile, PageProblem, PageResponse, PageResponseHandle, Reference,
        Visitor,
    },
    form::FormFields,
    shell::shell,
    site::{Assets, Book, Terms},
};
