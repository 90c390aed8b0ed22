//! Fields of a form or a JSON body.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

/// Fields that are checkboxes in forms and booleans in JSON.
const CHECKBOXES: [&str; 2] = ["rememberMe", "acceptedTerms"];

/// Named texts, the same for forms and JSON.
#[derive(Clone, Debug)]
pub struct Fields(Cow<'static, [(&'static str, &'static str)]>, Vec<(String, String)>);

impl Fields {
    pub const fn new(fields: &'static [(&'static str, &'static str)]) -> Self {
        Self(Cow::Borrowed(fields), Vec::new())
    }

    /// A copy with another value for one field.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.without(name);
        changed.1.push((name.to_owned(), value.to_owned()));
        changed
    }

    /// A copy without one field.
    pub fn without(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.0.to_mut().retain(|(known, _)| *known != name);
        changed.1.retain(|(known, _)| known != name);
        changed
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let added = self.1.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.0.iter().map(|(name, value)| (*name, *value)).chain(added)
    }

    /// As form data; an unchecked checkbox is not sent.
    pub fn form(&self) -> String {
        let sent = self.iter().filter(|(name, value)| !CHECKBOXES.contains(name) || *value != "false");
        Serializer::new(String::new()).extend_pairs(sent).finish()
    }

    /// As a JSON object of strings, with booleans for checkboxes.
    pub fn json(&self) -> Value {
        let member = |(name, value): (&str, &str)| {
            let value = if CHECKBOXES.contains(&name) { Value::Bool(value == "true") } else { value.into() };
            (name.to_owned(), value)
        };
        Value::Object(self.iter().map(member).collect::<Map<_, _>>())
    }
}
