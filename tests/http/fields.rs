//! What is typed into a form, or said in a body.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

/// Named texts, the same for both doors.
#[derive(Clone, Debug)]
pub struct Fields(Cow<'static, [(&'static str, &'static str)]>, Vec<(String, String)>);

impl Fields {
    pub const fn new(fields: &'static [(&'static str, &'static str)]) -> Self {
        Self(Cow::Borrowed(fields), Vec::new())
    }

    /// The same with another value for one of them.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.without(name);
        changed.1.push((name.to_owned(), value.to_owned()));
        changed
    }

    /// The same without one of them.
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

    /// As a browser encodes them: a box that is not ticked is not sent.
    pub fn form(&self) -> String {
        let sent = self.iter().filter(|pair| *pair != ("rememberMe", "false"));
        Serializer::new(String::new()).extend_pairs(sent).finish()
    }

    /// As an object of texts; `rememberMe` is a flag there.
    pub fn json(&self) -> Value {
        let member = |(name, value): (&str, &str)| {
            let value = if name == "rememberMe" { Value::Bool(value == "true") } else { value.into() };
            (name.to_owned(), value)
        };
        Value::Object(self.iter().map(member).collect::<Map<_, _>>())
    }
}
