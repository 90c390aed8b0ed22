//! The schemas of the document: those derived from types, and details that cannot be derived.

use contract::{Code, Question, QuestionKind, Questions, conversations::Page};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// A reference to a named schema.
pub fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// Schemas by name, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Schemas(Map<String, Value>);

impl Schemas {
    /// Adds a type and those it is made of; returns a reference to it.
    pub fn add<T: ToSchema>(&mut self) -> Value {
        let mut inner: Vec<(String, RefOr<Schema>)> = Vec::new();
        T::schemas(&mut inner);
        self.insert(&T::name(), to_json(T::schema()));
        for (name, schema) in inner {
            self.insert(&name, to_json(schema));
        }
        reference(&T::name())
    }

    /// Adds a page of items, named after them; returns a reference to it.
    pub fn add_page<T: ToSchema>(&mut self) -> Value {
        self.add::<T>();
        let name = format!("{}Page", T::name());
        self.insert(&name, to_json(Page::<T>::schema()));
        reference(&name)
    }

    /// Adds a schema, unless there is one of this name.
    pub fn insert(&mut self, name: &str, schema: Value) {
        self.0.entry(name).or_insert(schema);
    }

    /// Adds those of another operation.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|(name, schema)| self.insert(name, schema.clone()));
    }

    /// The schemas as the document has them: with the book's questions, and with what types cannot say.
    pub fn into_json(mut self, questions: &Questions) -> Value {
        let schemas = &mut self.0;
        for schema in schemas.values_mut() {
            hoist_descriptions(schema);
            true_is_const(schema);
        }
        for response in RESPONSES {
            all_required(schemas.get_mut(response));
        }
        refine(schemas);
        edit(schemas, "User", |user| add_answers(user, questions, AnswersOf::User));
        edit(schemas, "SignUp", |body| add_answers(body, questions, AnswersOf::SignUp));
        edit(schemas, "ProfileChange", |body| add_answers(body, questions, AnswersOf::Change));
        self.0.into()
    }
}

fn to_json(schema: RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// What the types cannot say about themselves.
fn refine(schemas: &mut Map<String, Value>) {
    for problem in ["Problem", "FieldError", "Error"] {
        edit(schemas, problem, |it| set(it, &["properties", "code"], code(Code::ALL)));
    }
    edit(schemas, "ConversationChange", |change| any_of_members(change, &CONVERSATION_CHANGES));
    edit(schemas, "MessageChange", |change| {
        any_of_members(change, &MESSAGE_CHANGES);
        let both = json!({ "parts": { "type": "array" }, "content": { "type": "string" } });
        set(change, &["not"], json!({ "required": ["parts", "content"], "properties": both }));
    });
    edit(schemas, "NewMessage", either_parts_or_content);
    edit(schemas, "NewFeedback", |feedback| {
        let word = json!({ "type": "string", "minLength": 1, "maxLength": 50, "pattern": NO_CONTROLS });
        set(feedback, &["properties", "tags", "items"], word);
        set(feedback, &["properties", "comment", "pattern"], json!("^[^\\u0000]*$"));
    });
    for (schema, member) in [
        ("NewConversation", "title"),
        ("ConversationChange", "title"),
        ("NewMessage", "model"),
        ("NewMessage", "format"),
        ("MessageChange", "model"),
        ("MessageChange", "format"),
    ] {
        edit(schemas, schema, |it| set(it, &["properties", member, "pattern"], json!(ONE_LINE)));
    }
    edit(schemas, "Usage", |usage| {
        for member in ["inputTokens", "outputTokens"] {
            // The values are as large as a u64, which has no `format`.
            let member = usage.pointer_mut(&format!("/properties/{member}")).and_then(Value::as_object_mut);
            member.map(|member| member.shift_remove("format"));
        }
    });
    edit(schemas, "Timestamp", |time| set(time, &["examples"], json!(["2026-11-21T02:04:45.927Z"])));
}

/// A line of text as [`contract`] checks it: no control characters, and no marks that reorder text.
pub const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

/// The members of a change, with the types of values that change something: `null` leaves most of them alone.
const CONVERSATION_CHANGES: [(&str, &[&str]); 4] = [
    ("title", &["string", "null"]),
    ("status", &["string"]),
    ("headId", &["string"]),
    ("metadata", &["object"]),
];
const MESSAGE_CHANGES: [(&str, &[&str]); 8] = [
    ("parts", &["array"]),
    ("content", &["string"]),
    ("status", &["string"]),
    ("model", &["string"]),
    ("usage", &["object"]),
    ("format", &["string"]),
    ("raw", &["object", "array", "string", "number", "boolean"]),
    ("metadata", &["object"]),
];

/// Requires at least one of the members, with a value that changes something.
fn any_of_members(change: &mut Value, members: &[(&str, &[&str])]) {
    let each = members.iter().map(|(name, types)| {
        let kind = if let [one] = types { json!(one) } else { json!(types) };
        json!({ "required": [name], "properties": { (*name): { "type": kind } } })
    });
    set(change, &["anyOf"], each.collect());
}

/// Schemas of responses whose members are never left out, though they may be `null`.
const RESPONSES: [&str; 15] = [
    "Conversation",
    "ConversationPage",
    "Message",
    "MessagePage",
    "Feedback",
    "HitPage",
    "HitConversation",
    "HitMessage",
    "Appended",
    "Imported",
    "ImportedConversation",
    "RejectedConversation",
    "User",
    "Session",
    "SessionAndUser",
];

/// The error codes, each once.
fn code(codes: &[Code]) -> Value {
    let mut names: Vec<&str> = codes.iter().filter_map(|code| code.wire()).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    json!({ "type": "string", "description": "The kind, for programs; stable.", "enum": names })
}

fn either_parts_or_content(message: &mut Value) {
    let nothing = json!({ "type": "null" });
    let either = json!([
        { "required": ["parts"], "properties": { "parts": { "type": "array" }, "content": nothing } },
        { "required": ["content"], "properties": { "content": { "type": "string" }, "parts": nothing } },
    ]);
    set(message, &["oneOf"], either);
}

/// Which schema the book's questions are members of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswersOf {
    /// Every question is there, `null` without an answer.
    User,
    /// Required questions are required.
    SignUp,
    /// Every question may be left out.
    Change,
}

fn add_answers(schema: &mut Value, questions: &Questions, of: AnswersOf) {
    for question in questions {
        let may_be_null = of == AnswersOf::User || !question.required;
        let member = if may_be_null { nullable(answer(question)) } else { answer(question) };
        set(schema, &["properties", &question.name], member);
        let is_required = of == AnswersOf::User || of == AnswersOf::SignUp && question.required;
        if let Some(required) =
            schema.get_mut("required").and_then(Value::as_array_mut).filter(|_| is_required)
        {
            required.push(json!(question.name));
        }
    }
}

/// The schema of an answer to a question.
fn answer(question: &Question) -> Value {
    match &question.kind {
        QuestionKind::Choice { options } => {
            let options: Vec<&str> = options.iter().map(|option| option.value.as_str()).collect();
            json!({ "type": "string", "description": question.label, "enum": options })
        }
        QuestionKind::Text { max } => {
            json!({ "type": "string", "description": question.label, "maxLength": max })
        }
    }
}

/// A schema that accepts `null`, too.
fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}

/// A flag that is always `true`: an `enum` of one in the type, `const` in the document.
fn true_is_const(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        if property.get("enum") == Some(&json!([true])) {
            property.shift_remove("enum");
            property.insert("const".into(), json!(true));
        }
    }
}

/// The description of a member that may be `null` belongs to the whole of it, not to one of the two choices.
fn hoist_descriptions(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for property in properties.values_mut() {
        let inner = property.pointer_mut("/oneOf/1").and_then(Value::as_object_mut);
        if let Some(description) = inner.and_then(|inner| inner.shift_remove("description")) {
            set(property, &["description"], description);
        }
    }
}

fn all_required(schema: Option<&mut Value>) {
    let Some(schema) = schema else { return };
    let names = schema.get("properties").and_then(Value::as_object).map(|it| it.keys().cloned().collect());
    let names: Vec<String> = names.unwrap_or_default();
    set(schema, &["required"], json!(names));
}

fn edit(schemas: &mut Map<String, Value>, name: &str, change: impl FnOnce(&mut Value)) {
    if let Some(schema) = schemas.get_mut(name) {
        change(schema);
    }
}

/// Sets the value at a path of members, adding objects where there are none.
fn set(value: &mut Value, path: &[&str], to: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = to;
        return;
    };
    if let Some(object) = value.as_object_mut() {
        set(object.entry(*first).or_insert_with(|| json!({})), rest, to);
    }
}

/// Adds a header of [`super::parameters`] to a response.
pub(super) fn set_header(response: &mut Value, header: &str) {
    if let Some(response) = response.as_object_mut() {
        let headers = response.entry("headers").or_insert_with(|| json!({}));
        if let Some(headers) = headers.as_object_mut() {
            headers.insert(header.into(), json!({ "$ref": format!("#/components/headers/{header}") }));
        }
    }
}
