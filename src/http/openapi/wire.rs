//! Bodies of the Better Auth wire that are no types of their own: the endpoints read them member by member.

use contract::{Code, NewPassword, PersonName, Questions};
use serde_json::{Map, Value, json};

use super::{
    operation::reference,
    schemas::{ONE_LINE, answer, code, nullable},
};

/// By name.
pub fn schemas(questions: &Questions) -> Map<String, Value> {
    let mut schemas = Map::new();
    for (name, schema) in received(questions).into_iter().chain(answered()) {
        schemas.insert(name.into(), schema);
    }
    schemas
}

/// An object; a name with an exclamation mark has to be there. Members that are not known are ignored.
fn object(description: &str, members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().filter_map(|(name, _)| name.strip_suffix('!')).collect();
    let properties: Map<String, Value> = members
        .iter()
        .map(|(name, schema)| (name.trim_end_matches('!').to_owned(), schema.clone()))
        .collect();
    let mut object = json!({ "type": "object", "description": description, "properties": properties });
    if let (false, Some(object)) = (required.is_empty(), object.as_object_mut()) {
        object.insert("required".into(), json!(required));
    }
    object
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn flag(description: &str, default: bool) -> Value {
    json!({ "type": ["boolean", "null"], "description": description, "default": default })
}

fn always(value: Value, description: &str) -> Value {
    json!({ "const": value, "description": description })
}

fn address() -> Value {
    json!({ "type": "string", "format": "email", "maxLength": 254, "description": "An address, in ASCII." })
}

fn new_password() -> Value {
    json!({
        "type": "string", "format": "password", "minLength": NewPassword::MIN, "maxLength": 128,
        "description": "8 to 128 UTF-16 code units, and not soon guessed.",
    })
}

fn password() -> Value {
    json!({ "type": "string", "format": "password", "maxLength": 128, "description": "The reader's password." })
}

fn callback() -> Value {
    nullable(text(
        "Where the link in the mail leads in the end: a path here, or an address on a trusted origin.",
    ))
}

fn name() -> Value {
    json!({ "type": "string", "maxLength": PersonName::MAX, "pattern": ONE_LINE, "description": "May be empty; on one line." })
}

fn image() -> Value {
    nullable(json!({
        "type": "string", "maxLength": contract::Image::MAX, "pattern": "^(|[Hh][Tt][Tt][Pp][Ss]?://.*|data:image/.*)$",
        "description": "An `http`, `https` or `data:image/` address of a picture.",
    }))
}

/// What is sent.
fn received(questions: &Questions) -> Vec<(&'static str, Value)> {
    let mut sign_up = vec![
        ("name!", name()),
        ("email!", address()),
        ("password!", new_password()),
        ("image", image()),
        ("rememberMe", flag("Whether the session outlives the browser's window.", true)),
        ("callbackURL", callback()),
    ];
    let mut update = vec![("name", name()), ("image", image())];
    let required: Vec<String> = questions.iter().map(|question| format!("{}!", question.name)).collect();
    for (question, must) in questions.iter().zip(&required) {
        let schema = answer(question);
        if question.required {
            sign_up.push((must, schema.clone()));
            update.push((&question.name, schema));
        } else {
            sign_up.push((&question.name, nullable(schema.clone())));
            update.push((&question.name, nullable(schema)));
        }
    }
    let mut received = vec![
        ("SignUp", object("Who wants an account, with the answers to the book's questions.", &sign_up)),
        ("ProfileChange", object("What is to change; what is left out stays.", &update)),
    ];
    received.extend(received_by_others());
    received
}

fn received_by_others() -> Vec<(&'static str, Value)> {
    let remember = flag("Whether the session outlives the browser's window.", true);
    let others = flag("Whether every other session ends, and this one gets a new token.", true);
    let token = nullable(text("The token of the link that was mailed."));
    vec![
        (
            "SignIn",
            object(
                "Who signs in.",
                &[
                    ("email!", address()),
                    ("password!", password()),
                    ("rememberMe", remember),
                    ("callbackURL", nullable(text("Comes back as `url`."))),
                ],
            ),
        ),
        ("Anything", json!({ "description": "Any JSON; nothing is read of it." })),
        (
            "SessionName",
            object(
                "Which session.",
                &[("token!", text("The `token` or the `id` of a session of the list."))],
            ),
        ),
        (
            "SignInMethodName",
            object("Which way to sign in.", &[("accountId!", text("The `id` of an entry of the list."))]),
        ),
        (
            "PasswordChange",
            object(
                "The old password and the new one.",
                &[
                    ("currentPassword!", password()),
                    ("newPassword!", new_password()),
                    ("revokeOtherSessions", others),
                ],
            ),
        ),
        ("PasswordCheck", object("A password.", &[("password!", password())])),
        (
            "PasswordResetRequest",
            object(
                "Whose password.",
                &[
                    ("email!", address()),
                    (
                        "redirectTo",
                        nullable(text(
                            "Where the link leads: a path here, or an address on a trusted origin.",
                        )),
                    ),
                ],
            ),
        ),
        (
            "PasswordReset",
            object("The new password.", &[("newPassword!", new_password()), ("token", token.clone())]),
        ),
        (
            "VerificationRequest",
            object("Which address.", &[("email!", address()), ("callbackURL", callback())]),
        ),
        (
            "AddressChange",
            object("The new address.", &[("newEmail!", address()), ("callbackURL", callback())]),
        ),
        (
            "Deletion",
            object(
                "What proves that it is the reader.",
                &[("password", nullable(password())), ("token", token), ("callbackURL", callback())],
            ),
        ),
    ]
}

/// What is answered.
fn answered() -> Vec<(&'static str, Value)> {
    let user = || reference("User");
    let session_token = || nullable(text("Names the session; opens it only with bearer sessions on."));
    vec![
        (
            "Error",
            object("Why it was not done.", &[("message!", text("For people.")), ("code", code(Code::ALL))]),
        ),
        (
            "SignedUp",
            object(
                "The new reader. Without a token where the address has to be proved first.",
                &[("token!", session_token()), ("user!", user())],
            ),
        ),
        (
            "SignedIn",
            object(
                "The reader, and where to go.",
                &[
                    ("redirect!", json!({ "type": "boolean" })),
                    ("token!", text("Names the session; opens it only with bearer sessions on.")),
                    ("url", text("The `callbackURL` that was sent.")),
                    ("user!", user()),
                ],
            ),
        ),
        (
            "PasswordChanged",
            object(
                "The reader, and the token of the session that took the place of all others.",
                &[("token!", session_token()), ("user!", user())],
            ),
        ),
        ("Reader", object("The reader.", &[("user!", user())])),
        ("Done", object("It is done.", &[("status!", always(json!(true), "Always."))])),
        (
            "Asked",
            object(
                "It is done, if there was anything to do.",
                &[("status!", always(json!(true), "Always.")), ("message!", text("For people."))],
            ),
        ),
        (
            "SignedOut",
            object("There is no session any more.", &[("success!", always(json!(true), "Always."))]),
        ),
        (
            "Deleted",
            object(
                "The account is gone, or a link is on its way.",
                &[
                    ("success!", always(json!(true), "Always.")),
                    (
                        "message!",
                        json!({ "type": "string", "enum": ["User deleted", "Verification email sent"] }),
                    ),
                ],
            ),
        ),
        (
            "Verified",
            object(
                "What came of the link.",
                &[
                    ("status!", always(json!(true), "Always.")),
                    (
                        "user",
                        json!({ "description": "The reader after a change of address.", "oneOf": [{ "type": "null" }, user()] }),
                    ),
                ],
            ),
        ),
        ("SignInMethod", sign_in_method()),
        (
            "Token",
            object(
                "A token for services.",
                &[("token!", text("A JWT, for 15 minutes unless configured otherwise."))],
            ),
        ),
        (
            "Keys",
            object(
                "The public keys (RFC 7517).",
                &[(
                    "keys!",
                    json!({ "type": "array", "items": object("A public key.", &[
                ("kid!", text("Its name.")), ("kty!", text("Its kind.")), ("alg!", text("Its algorithm.")), ("use!", text("`sig`.")),
            ]) }),
                )],
            ),
        ),
        ("Alive", object("The server answers.", &[("ok!", always(json!(true), "Always."))])),
    ]
}

fn sign_in_method() -> Value {
    object(
        "A way to sign in.",
        &[
            ("id!", text("What unlink-account takes.")),
            ("providerId!", text("`credential` is the password.")),
            ("accountId!", text("The reader's id.")),
            ("userId!", text("The reader.")),
            ("createdAt!", reference("Timestamp")),
            ("updatedAt!", reference("Timestamp")),
            ("scopes!", json!({ "type": "array", "maxItems": 0, "items": { "type": "string" } })),
        ],
    )
}
