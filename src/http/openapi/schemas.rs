//! What is sent and answered: the shapes of the types, and what a type cannot say about itself.

use contract::{
    Code, Question, QuestionKind, Questions, SessionAndUser,
    conversations::{
        Appended, Conversation, ConversationChange, Feedback, Hit, Imported, Message, MessageChange,
        NewConversation, NewFeedback, NewMessage, Order, Page,
    },
};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::operation::reference;
use crate::http::errors::problem_json::Document;

/// Every schema of the document, by name.
pub fn schemas(questions: &Questions) -> Map<String, Value> {
    let mut schemas = of_types();
    for (name, schema) in [
        ("ConversationPage", shape::<Page<Conversation>>()),
        ("MessagePage", shape::<Page<Message>>()),
        ("HitPage", shape::<Page<Hit>>()),
        ("NewMessages", new_messages()),
    ] {
        schemas.insert(name.into(), schema);
    }
    for schema in schemas.values_mut() {
        hoist_descriptions(schema);
    }
    for answered in ANSWERED {
        all_required(schemas.get_mut(answered));
    }
    schemas.shift_remove("Page");
    refine(&mut schemas);
    edit(&mut schemas, "User", |user| with_answers(user, questions));
    schemas.extend(super::files::schemas().map(|(name, schema)| (name.to_owned(), schema)));
    schemas.extend(super::wire::schemas(questions));
    schemas
}

/// What the types cannot say about themselves.
fn refine(schemas: &mut Map<String, Value>) {
    for problem in ["Problem", "FieldError"] {
        edit(schemas, problem, |it| set(it, &["properties", "code"], code(Code::ALL)));
    }
    edit(schemas, "ConversationChange", |change| something(change, &CHANGES_OF_A_CONVERSATION));
    edit(schemas, "MessageChange", |change| {
        something(change, &CHANGES_OF_A_MESSAGE);
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
            // It is as large as a u64, for which there is no word.
            let member = usage.pointer_mut(&format!("/properties/{member}")).and_then(Value::as_object_mut);
            member.map(|member| member.shift_remove("format"));
        }
    });
    edit(schemas, "Timestamp", |time| set(time, &["examples"], json!(["2026-11-21T02:04:45.927Z"])));
}

/// No control characters, and no marks that reorder text: what [`contract`] asks of a line.
pub const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

/// Members that change something, with the types they have when they do.
const CHANGES_OF_A_CONVERSATION: [(&str, &[&str]); 4] = [
    ("title", &["string", "null"]),
    ("status", &["string"]),
    ("headId", &["string"]),
    ("metadata", &["object"]),
];
const CHANGES_OF_A_MESSAGE: [(&str, &[&str]); 8] = [
    ("parts", &["array"]),
    ("content", &["string"]),
    ("status", &["string"]),
    ("model", &["string"]),
    ("usage", &["object"]),
    ("format", &["string"]),
    ("raw", &["object", "array", "string", "number", "boolean"]),
    ("metadata", &["object"]),
];

/// At least one of some members has to say something.
fn something(change: &mut Value, members: &[(&str, &[&str])]) {
    let each = members.iter().map(|(name, types)| {
        let kind = if let [one] = types { json!(one) } else { json!(types) };
        json!({ "required": [name], "properties": { (*name): { "type": kind } } })
    });
    set(change, &["anyOf"], each.collect());
}

/// Shapes of answers: nothing of them is ever left out, though it may be `null`.
const ANSWERED: [&str; 15] = [
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
    "Refused",
    "User",
    "Session",
    "SessionAndUser",
];

/// What the types of the API say about themselves.
fn of_types() -> Map<String, Value> {
    let mut found: Vec<(String, RefOr<Schema>)> = Vec::new();
    collect::<Conversation>(&mut found);
    collect::<NewConversation>(&mut found);
    collect::<ConversationChange>(&mut found);
    collect::<Message>(&mut found);
    collect::<NewMessage>(&mut found);
    collect::<MessageChange>(&mut found);
    collect::<Appended>(&mut found);
    collect::<Order>(&mut found);
    collect::<Feedback>(&mut found);
    collect::<NewFeedback>(&mut found);
    collect::<Hit>(&mut found);
    collect::<Imported>(&mut found);
    collect::<SessionAndUser>(&mut found);
    collect::<Document>(&mut found);
    found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect()
}

/// A type after those it is made of, each once.
fn collect<T: ToSchema>(found: &mut Vec<(String, RefOr<Schema>)>) {
    let mut inner = Vec::new();
    T::schemas(&mut inner);
    inner.insert(0, (T::name().into_owned(), T::schema()));
    for (name, schema) in inner {
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, schema));
        }
    }
}

fn shape<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

/// The codes that there are, each once.
pub fn code(codes: &[Code]) -> Value {
    let mut names: Vec<&str> = codes.iter().filter_map(|code| code.wire()).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    json!({ "type": "string", "description": "The kind, for programs; stable.", "enum": names })
}

fn new_messages() -> Value {
    json!({
        "type": "object",
        "description": "Several messages, each following the one before unless it says otherwise; all of them or none.",
        "required": ["messages"],
        "properties": { "messages": { "type": "array", "minItems": 1, "items": reference("NewMessage") } },
        "additionalProperties": false,
    })
}

fn either_parts_or_content(message: &mut Value) {
    let nothing = json!({ "type": "null" });
    let either = json!([
        { "required": ["parts"], "properties": { "parts": { "type": "array" }, "content": nothing } },
        { "required": ["content"], "properties": { "content": { "type": "string" }, "parts": nothing } },
    ]);
    set(message, &["oneOf"], either);
}

/// The declared questions as members of a reader.
fn with_answers(user: &mut Value, questions: &Questions) {
    for question in questions {
        set(user, &["properties", &question.name], nullable(answer(question)));
        if let Some(required) = user.get_mut("required").and_then(Value::as_array_mut) {
            required.push(json!(question.name));
        }
    }
}

/// An answer to a question.
pub fn answer(question: &Question) -> Value {
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

/// The same, or `null`.
pub fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}

/// What stands beside a choice of `null` and something else describes the whole.
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

/// Sets what is at a path of members, making the way to it.
fn set(value: &mut Value, path: &[&str], to: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = to;
        return;
    };
    if let Some(object) = value.as_object_mut() {
        set(object.entry(*first).or_insert_with(|| json!({})), rest, to);
    }
}
