//! The builder of one operation: request, responses and the problems it may end in. Each stands beside its handler.

use contract::Code;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    error_format::ErrorFormat,
    examples,
    schemas::{Schemas, set_header},
};
use crate::http::{
    better_auth::fields::RequestBody,
    errors::{better_auth::ErrorBody, problem_json},
    request_body::Accepts,
};

/// How a request is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    Public,
    /// By the session cookie.
    Session,
    /// By the session cookie, which may be missing.
    OptionalSession,
    /// By a JWT or by the session cookie.
    TokenOrSession,
}

/// The headings of the document, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Conversations.
    Conversations,
    /// Messages of conversations.
    Messages,
    /// Full-text search.
    Search,
    /// The reader's account.
    Account,
    /// Sessions.
    Sessions,
    /// Passwords, e-mail addresses and the links mailed for them.
    Passwords,
    /// JWTs and the keys they are verified with.
    Tokens,
    /// The server itself.
    Service,
}

impl Tag {
    /// Every tag with its name and its description.
    pub const ALL: [(Self, &'static str, &'static str); 8] = [
        (
            Self::Conversations,
            "Conversations",
            "What a reader and the chatbot talked about, kept for the reader.",
        ),
        (
            Self::Messages,
            "Messages",
            "What was said, in parts that are kept as they came, and what the reader thinks of it.",
        ),
        (Self::Search, "Search", "Over all conversations of a reader."),
        (Self::Account, "Account", "The wire of Better Auth: its unmodified client works."),
        (Self::Sessions, "Sessions", "Where a reader is signed in."),
        (
            Self::Passwords,
            "Passwords and addresses",
            "Changed, proved and recovered, with links that are mailed.",
        ),
        (Self::Tokens, "Tokens", "What other services trust."),
        (Self::Service, "Service", "The server itself."),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(tag, ..)| *tag == self).map_or("", |(_, name, _)| name)
    }
}

/// An operation of the document, with the schemas that it refers to.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In lower case, as in the document.
    pub method: &'static str,
    /// As in the document: `/api/conversations/{id}`.
    pub path: String,
    errors: ErrorFormat,
    object: Map<String, Value>,
    responses: Vec<(u16, Value)>,
    codes: Vec<Code>,
    schemas: Schemas,
}

impl Operation {
    /// An operation with a stable `operationId`.
    pub fn new((method, path): (&'static str, &str), id: &str, tag: Tag, summary: &str, auth: Auth) -> Self {
        let security = match auth {
            Auth::Public => json!([]),
            Auth::Session => json!([{ "sessionCookie": [] }]),
            Auth::OptionalSession => json!([{ "sessionCookie": [] }, {}]),
            Auth::TokenOrSession => json!([{ "bearerJwt": [] }, { "sessionCookie": [] }]),
        };
        let object = [
            ("operationId", json!(id)),
            ("tags", json!([tag.name()])),
            ("summary", json!(summary)),
            ("security", security),
        ];
        let object = object.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        let is_better_auth = path.starts_with(contract::routes::API);
        let errors = if is_better_auth { ErrorFormat::BetterAuth } else { ErrorFormat::ProblemJson };
        let mut schemas = Schemas::default();
        match errors {
            ErrorFormat::BetterAuth => schemas.add::<ErrorBody>(),
            ErrorFormat::ProblemJson => schemas.add::<problem_json::Document>(),
        };
        let (responses, codes) = (Vec::new(), Vec::new());
        let new = Self { method, path: path.to_owned(), errors, object, responses, codes, schemas };
        new.in_path(path)
    }

    /// More about it, in Markdown.
    #[must_use]
    pub fn description(mut self, description: &str) -> Self {
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

    /// A text parameter of the query that no other operation has.
    #[must_use]
    pub fn query_text(mut self, name: &str, required: bool, description: &str) -> Self {
        self.parameter(json!({
            "name": name, "in": "query", "required": required, "description": description,
            "schema": { "type": "string" },
        }));
        self
    }

    /// A body of the Better Auth wire, with the media types that its reader takes.
    #[must_use]
    pub fn body<T: RequestBody + ToSchema>(mut self, example: &Value) -> Self {
        let schema = self.schemas.add::<T>();
        let types: &[&str] = match T::ACCEPTS {
            Accepts::Json => &["application/json"],
            Accepts::JsonOrForm => &["application/json", "application/x-www-form-urlencoded"],
        };
        self.body_as(types, &schema, example, !T::OPTIONAL)
    }

    /// A body of JSON.
    #[must_use]
    pub fn json_body<T: ToSchema>(mut self, example: &Value) -> Self {
        let schema = self.schemas.add::<T>();
        self.json_body_as(&schema, example)
    }

    /// A body of JSON with any schema.
    #[must_use]
    pub fn json_body_as(self, schema: &Value, example: &Value) -> Self {
        self.body_as(&["application/json"], schema, example, true)
    }

    fn body_as(mut self, types: &[&str], schema: &Value, example: &Value, required: bool) -> Self {
        let content = types.iter().map(|kind| ((*kind).to_owned(), media(schema, example)));
        let content: Map<String, Value> = content.collect();
        self.object.insert("requestBody".into(), json!({ "required": required, "content": content }));
        self
    }

    /// A response of JSON, with an example.
    #[must_use]
    pub fn response<T: Serialize + ToSchema>(self, status: u16, description: &str, example: &T) -> Self {
        self.json_response::<T>(status, description, &to_json(example))
    }

    /// A response of JSON.
    #[must_use]
    pub fn json_response<T: ToSchema>(mut self, status: u16, description: &str, example: &Value) -> Self {
        let schema = self.schemas.add::<T>();
        self.response_as(status, description, "application/json", &schema, example)
    }

    /// A response of JSON that may be `null`.
    #[must_use]
    pub fn nullable_response<T: Serialize + ToSchema>(mut self, description: &str, example: &T) -> Self {
        let schema = json!({ "oneOf": [{ "type": "null" }, self.schemas.add::<T>()] });
        self.response_as(200, description, "application/json", &schema, &to_json(example))
    }

    /// A response with a JSON array.
    #[must_use]
    pub fn list_response<T: Serialize + ToSchema>(mut self, description: &str, example: &[T]) -> Self {
        let schema = json!({ "type": "array", "items": self.schemas.add::<T>() });
        self.response_as(200, description, "application/json", &schema, &to_json(example))
    }

    /// A response with a page of a list.
    #[must_use]
    pub fn page_response<T: ToSchema>(mut self, description: &str, item: &Value) -> Self {
        let schema = self.schemas.add_page::<T>();
        self.response_as(200, description, "application/json", &schema, &examples::page(item))
    }

    /// A response of any media type, one of several when the one before has the same status.
    #[must_use]
    pub fn response_as(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: &Value,
        example: &Value,
    ) -> Self {
        let body = media(schema, example);
        let same = self.responses.last_mut().filter(|(known, _)| *known == status);
        if let Some(content) = same.and_then(|(_, response)| response.get_mut("content")?.as_object_mut()) {
            drop(content.insert(media_type.to_owned(), body));
        } else {
            let content = json!({ (media_type): body });
            self.responses.push((status, json!({ "description": description, "content": content })));
        }
        self
    }

    /// A response without a body.
    #[must_use]
    pub fn empty_response(mut self, status: u16, description: &str) -> Self {
        self.responses.push((status, json!({ "description": description })));
        self
    }

    /// A header of the last described response, of those in [`super::parameters`].
    #[must_use]
    pub fn response_header(mut self, header: &str) -> Self {
        if let Some((_, response)) = self.responses.last_mut() {
            set_header(response, header);
        }
        self
    }

    /// A schema that no type stands for, for use with [`super::schemas::reference`].
    #[must_use]
    pub fn schema(mut self, name: &str, schema: Value) -> Self {
        self.schemas.insert(name, schema);
        self
    }

    /// The problems it may end in; statuses and bodies are those that the server answers with.
    #[must_use]
    pub fn errors(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// The same operation under an older path.
    #[must_use]
    pub fn deprecated_alias(&self, path: &str, id: &str) -> Self {
        let mut older = Self { path: path.to_owned(), ..self.clone() };
        older.object.insert("operationId".into(), json!(id));
        older.object.insert("description".into(), json!(format!("Older name of `{}`.", self.path)));
        older.object.insert("deprecated".into(), json!(true));
        older
    }

    /// The schemas that the operation refers to.
    pub const fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The operation as the document has it.
    pub fn into_json(mut self) -> Value {
        let mut statuses: Vec<u16> = self.codes.iter().map(|code| self.errors.status(*code)).collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            let response = self.errors.response(status, &self.codes);
            self.responses.push((status, response));
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

    /// The bodies of all problems it may end in, by the names that [`Operation::into_json`] refers to.
    pub fn examples(&self) -> impl Iterator<Item = (String, Value)> {
        let value = |code: &Code| json!({ "value": self.errors.body(*code) });
        self.codes.iter().map(move |code| (self.errors.example(*code), value(code)))
    }
}

fn to_json(example: &(impl Serialize + ?Sized)) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}

fn media(schema: &Value, example: &Value) -> Value {
    json!({ "schema": schema, "example": example })
}
