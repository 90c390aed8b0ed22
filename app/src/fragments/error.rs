//! Why an island was not answered.

use contract::Code;
#[cfg(feature = "ssr")]
use {
    contract::Problems,
    leptos::server_fn::{
        codec::JsonEncoding,
        error::{FromServerFnError, ServerFnErrorErr},
    },
    serde::{Deserialize, Serialize},
};

/// A code and never a text: what a page says comes from the catalogue alone.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "ssr", derive(Serialize, Deserialize))]
pub struct FragmentError(pub Code);

#[cfg(feature = "ssr")]
impl<P: Into<Problems>> From<P> for FragmentError {
    fn from(problems: P) -> Self {
        Self(problems.into().first().code)
    }
}

#[cfg(feature = "ssr")]
impl FromServerFnError for FragmentError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self(Code::Internal)
    }
}
