//! Query parameters of the conversation endpoints.

use contract::{Problem, Reason, conversations::Order};
use domain::PageRequest;
use http::Uri;

use crate::http::better_auth::Query;
use crate::http::errors::ProblemResponse;

/// The parameters of a list.
#[derive(Debug)]
pub struct Parameters(Query);

impl Parameters {
    /// Reads an address.
    pub fn of(uri: &Uri) -> Self {
        Self(Query::of(uri))
    }

    /// The requested page: `limit` and `cursor`.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn page_request(&self) -> Result<PageRequest<'_>, ProblemResponse> {
        let limit = match self.once("limit")? {
            None => PageRequest::DEFAULT_LIMIT,
            Some(limit) => {
                let in_bounds = |limit: &u32| (1..=PageRequest::MAX_LIMIT).contains(limit);
                let wanted = || {
                    wrong("limit", format!("expected a whole number from 1 to {}", PageRequest::MAX_LIMIT))
                };
                limit.parse().ok().filter(in_bounds).ok_or_else(wanted)?
            }
        };
        Ok(PageRequest { limit, cursor: self.once("cursor")? })
    }

    /// Which end comes first.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn order(&self) -> Result<Order, ProblemResponse> {
        self.one_of("order", |text| text.parse().ok(), "asc or desc")
    }

    /// A parameter with a few values, the default one without it; `values` names them.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn one_of<T: Default>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        values: &str,
    ) -> Result<T, ProblemResponse> {
        let Some(value) = self.once(name)? else { return Ok(T::default()) };
        Ok(parse(value).ok_or_else(|| wrong(name, format!("expected {values}")))?)
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn number(&self, name: &str) -> Result<Option<i64>, ProblemResponse> {
        let Some(value) = self.once(name)? else { return Ok(None) };
        let number = value.parse().ok().filter(|number| *number >= 0);
        Ok(Some(number.ok_or_else(|| wrong(name, "expected a whole number from 0 on".into()))?))
    }

    /// A parameter that may be there once.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub fn once(&self, name: &str) -> Result<Option<&str>, ProblemResponse> {
        match self.0.once(name) {
            Ok(value) => Ok(value),
            Err(_) => Err(wrong(name, "expected it once".into()).into()),
        }
    }
}

fn wrong(name: &str, wanted: String) -> Problem {
    Problem::invalid(name, Reason::Wanted(wanted))
}
