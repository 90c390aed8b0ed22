//! Schemas of values that several bodies have, for `#[schema(schema_with = ...)]`.

use contract::{Image, NewPassword, PersonName};
use utoipa::openapi::{
    KnownFormat, Object, ObjectBuilder, SchemaFormat,
    schema::{SchemaType, Type},
};

use super::schemas::ONE_LINE;

/// The most UTF-16 code units of a password.
const MAX_PASSWORD: usize = 128;

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

fn nullable_text(description: &str) -> ObjectBuilder {
    text(description).schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

/// An e-mail address.
pub fn email() -> Object {
    let format = SchemaFormat::Custom("email".into());
    text("An address. Its domain may be internationalised; answers have it in ASCII (`xn--`).")
        .format(Some(format))
        .max_length(Some(contract::Email::MAX))
        .build()
}

/// A password that is to be set.
pub fn new_password() -> Object {
    text("8 to 128 UTF-16 code units, and not soon guessed.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(NewPassword::MIN))
        .max_length(Some(MAX_PASSWORD))
        .build()
}

/// The password that the reader has.
pub fn password() -> Object {
    text("The reader's password.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .max_length(Some(MAX_PASSWORD))
        .build()
}

/// The password that the reader has, or `null`.
pub fn nullable_password() -> Object {
    ObjectBuilder::from(password()).schema_type(SchemaType::from_iter([Type::String, Type::Null])).build()
}

/// Whether a session outlives the browser's window, or `null`.
pub fn remember_me() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Boolean, Type::Null]))
        .description(Some("Whether the session outlives the browser's window."))
        .default(Some(true.into()))
        .build()
}

/// The name of a reader.
pub fn person_name() -> Object {
    text("May be empty; on one line.").max_length(Some(PersonName::MAX)).pattern(Some(ONE_LINE)).build()
}

/// The address of a reader's picture, or `null`.
pub fn image() -> Object {
    nullable_text("An `http`, `https` or `data:image/` address of a picture.")
        .max_length(Some(Image::MAX))
        .pattern(Some("^(|[Hh][Tt][Tt][Pp][Ss]?://.*|data:image/.*)$"))
        .build()
}

/// Where a mailed link leads, or `null`.
pub fn callback_url() -> Object {
    nullable_text(
        "Where the link in the mail leads in the end: a path here, or an address on a trusted origin.",
    )
    .build()
}

/// A flag that is always `true`.
pub fn always_true() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .enum_values(Some([true]))
        .description(Some("Always."))
        .build()
}
