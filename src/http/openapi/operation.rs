//! One operation: what is sent, what comes back, and which problems it may end in.

use contract::{Code, Problem};
use serde_json::{Map, Value, json};

use crate::http::{
    better_auth::body::MAX_BODY,
    errors::{self, better_auth, problem_json},
};

/// Which of the two kinds of error an operation answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// `application/problem+json`.
    Documents,
    /// `{code, message}` of the Better Auth wire.
    Wire,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Anybody.
    Anybody,
    /// A reader by session cookie.
    Session,
    /// Anybody; a session changes what happens.
    PerhapsSession,
    /// A reader by JWT or by session cookie.
    Reader,
}

/// An operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In lower case, as it stands in the document.
    pub method: &'static str,
    /// As it stands in the document: `/api/conversations/{id}`.
    pub path: String,
    errors: Errors,
    object: Map<String, Value>,
    responses: Vec<(u16, Value)>,
    codes: Vec<Code>,
}

impl Operation {
    /// An operation with a stable name (`operationId`), under the heading `tag`.
    pub fn new(
        (method, path): (&'static str, &str),
        id: &str,
        tag: &str,
        summary: &str,
        caller: Caller,
    ) -> Self {
        let security = match caller {
            Caller::Anybody => json!([]),
            Caller::Session => json!([{ "sessionCookie": [] }]),
            Caller::PerhapsSession => json!([{ "sessionCookie": [] }, {}]),
            Caller::Reader => json!([{ "bearerJwt": [] }, { "sessionCookie": [] }]),
        };
        let object = [
            ("operationId", json!(id)),
            ("tags", json!([tag])),
            ("summary", json!(summary)),
            ("security", security),
        ];
        let object = object.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        let errors = if path.starts_with(contract::routes::API) { Errors::Wire } else { Errors::Documents };
        let new = Self { method, path: path.to_owned(), errors, object, responses: vec![], codes: vec![] };
        new.in_path(path)
    }

    /// More about it, in Markdown.
    #[must_use]
    pub fn describe(mut self, description: &str) -> Self {
        self.object.insert("description".into(), json!(description));
        self
    }

    /// Parameters of [`super::parameters`], by name.
    #[must_use]
    pub fn query_params(mut self, parameters: &[&str]) -> Self {
        for name in parameters {
            self.parameter(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
        self
    }

    /// A text in the query that only this operation knows.
    #[must_use]
    pub fn asks_text(mut self, name: &str, required: bool, description: &str) -> Self {
        self.parameter(json!({
            "name": name, "in": "query", "required": required, "description": description,
            "schema": { "type": "string" },
        }));
        self
    }

    /// A body of JSON.
    #[must_use]
    pub fn json_body(self, schema: &str, example: &Value) -> Self {
        self.body(&["application/json"], schema, example, true)
    }

    /// A body of JSON or of a form.
    #[must_use]
    pub fn takes_form(self, schema: &str, example: &Value) -> Self {
        self.body(&["application/json", "application/x-www-form-urlencoded"], schema, example, true)
    }

    /// A body of JSON that may be left out.
    #[must_use]
    pub fn optional_json_body(self, schema: &str, example: &Value) -> Self {
        self.body(&["application/json"], schema, example, false)
    }

    fn body(mut self, types: &[&str], schema: &str, example: &Value, required: bool) -> Self {
        let content = types.iter().map(|kind| ((*kind).to_owned(), media(reference(schema), example)));
        let content: Map<String, Value> = content.collect();
        self.object.insert("requestBody".into(), json!({ "required": required, "content": content }));
        self
    }

    /// An answer of JSON after a known schema.
    #[must_use]
    pub fn answers(self, status: u16, description: &str, schema: &str, example: &Value) -> Self {
        self.answers_as(status, description, "application/json", &reference(schema), example)
    }

    /// An answer of any media type, one of several when the one before has the same status.
    #[must_use]
    pub fn answers_as(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: &Value,
        example: &Value,
    ) -> Self {
        let answer = media(schema.clone(), example);
        let same = self.responses.last_mut().filter(|(known, _)| *known == status);
        match same.and_then(|(_, response)| response.get_mut("content")?.as_object_mut()) {
            Some(content) => drop(content.insert(media_type.to_owned(), answer)),
            None => {
                let content = json!({ (media_type): answer });
                self.responses.push((status, json!({ "description": description, "content": content })));
            }
        }
        self
    }

    /// An answer without a body.
    #[must_use]
    pub fn answers_empty(mut self, status: u16, description: &str) -> Self {
        self.responses.push((status, json!({ "description": description })));
        self
    }

    /// A header of the answer that was described last, of those in [`super::parameters`].
    #[must_use]
    pub fn with_header(mut self, header: &str) -> Self {
        if let Some((_, response)) = self.responses.last_mut() {
            add_header(response, header);
        }
        self
    }

    /// Problems it may end in; their statuses and bodies are those that the server answers with.
    #[must_use]
    pub fn errors(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// The same under an older name.
    #[must_use]
    pub fn deprecated_alias(&self, path: &str, id: &str) -> Self {
        let mut older = Self { path: path.to_owned(), ..self.clone() };
        older.object.insert("operationId".into(), json!(id));
        older.object.insert("description".into(), json!(format!("Older name of `{}`.", self.path)));
        older.object.insert("deprecated".into(), json!(true));
        older
    }

    /// As it stands in the document.
    pub fn finish(mut self) -> Value {
        let mut statuses: Vec<u16> = self.codes.iter().map(|code| self.status(*code)).collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            let refusal = self.refusal(status);
            self.responses.push((status, refusal));
        }
        self.responses.sort_by_key(|(status, _)| *status);
        let responses: Map<String, Value> =
            self.responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect();
        self.object.insert("responses".into(), responses.into());
        self.object.into()
    }

    fn in_path(mut self, path: &str) -> Self {
        for name in path.split(['{', '}']).skip(1).step_by(2) {
            self.parameter(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
        self
    }

    fn parameter(&mut self, parameter: Value) {
        let parameters = self.object.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(parameter);
        }
    }

    fn status(&self, code: Code) -> u16 {
        match self.errors {
            Errors::Documents => problem_json::status_of(code).as_u16(),
            Errors::Wire => errors::status(code).as_u16(),
        }
    }

    /// What is answered with a status, over all codes that have it.
    fn refusal(&self, status: u16) -> Value {
        let (mut examples, mut names) = (Map::new(), Vec::new());
        for code in self.codes.iter().copied().filter(|code| self.status(*code) == status) {
            let name = self.errors.example(code);
            let reference = json!({ "$ref": format!("#/components/examples/{name}") });
            if examples.insert(name, reference).is_none() {
                names.push(match code.wire() {
                    Some(code) => format!("`{code}`"),
                    None => format!("without a code: {}", code.message()),
                });
            }
        }
        let (media_type, schema) = match self.errors {
            Errors::Documents => ("application/problem+json", "Problem"),
            Errors::Wire => ("application/json", "Error"),
        };
        let content = json!({ (media_type): { "schema": reference(schema), "examples": examples } });
        let mut response = json!({ "description": names.join(", "), "content": content });
        match status {
            401 if self.errors == Errors::Documents => add_header(&mut response, "WWW-Authenticate"),
            429 | 503 => add_header(&mut response, "Retry-After"),
            _ => {}
        }
        response
    }

    /// The bodies of all problems it may end in, by the names that [`Operation::finish`] refers to.
    pub fn examples(&self) -> impl Iterator<Item = (String, Value)> {
        let value = |code: &Code| json!({ "value": self.errors.body(*code) });
        self.codes.iter().map(move |code| (self.errors.example(*code), value(code)))
    }
}

impl Errors {
    /// The name of an example among those of the document.
    fn example(self, code: Code) -> String {
        let kind = if self == Self::Documents { "problem" } else { "error" };
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        format!("{kind}.{}", code.wire().unwrap_or(code.message()).chars().map(plain).collect::<String>())
    }

    /// An example: the body that a code is answered with.
    fn body(self, code: Code) -> Value {
        let problem = match code {
            Code::TooManyRequests => Problem::retry_in(code, 7),
            Code::Busy => Problem::retry_in(code, 2),
            Code::Unavailable => Problem::retry_in(code, 5),
            Code::PayloadTooLarge => Problem::body_too_large(MAX_BODY),
            _ => Problem::new(code),
        };
        match self {
            Self::Documents => {
                serde_json::to_value(problem_json::Document::of(&problem.into())).unwrap_or_default()
            }
            Self::Wire => better_auth::body(&problem.into()),
        }
    }
}

/// Points at a schema of the document; a name in brackets (`[Session]`) is a list of it.
pub fn reference(schema: &str) -> Value {
    match schema.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => json!({ "type": "array", "items": reference(inner) }),
        None => json!({ "$ref": format!("#/components/schemas/{schema}") }),
    }
}

fn media(schema: Value, example: &Value) -> Value {
    json!({ "schema": schema, "example": example })
}

fn add_header(response: &mut Value, header: &str) {
    if let Some(response) = response.as_object_mut() {
        let headers = response.entry("headers").or_insert_with(|| json!({}));
        if let Some(headers) = headers.as_object_mut() {
            headers.insert(header.into(), json!({ "$ref": format!("#/components/headers/{header}") }));
        }
    }
}
