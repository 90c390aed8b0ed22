//! Bodies that several endpoints share.

use contract::{Problems, Questions};
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::SchemaType},
};

use super::fields::{FieldReader, Invalid, RequestBody};
use crate::http::openapi::values;

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    #[schema(schema_with = values::always_true)]
    status: bool,
}

impl Done {
    /// The one answer of this kind.
    pub const DONE: Self = Self { status: true };
}

/// Any JSON, or none; nothing of it is read.
#[derive(Debug)]
pub struct Anything;

impl RequestBody for Anything {
    const OPTIONAL: bool = true;

    fn read(_: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        Ok(Self)
    }

    fn from_json(_: Option<&Value>, _: &Questions) -> Result<Self, Problems> {
        Ok(Self)
    }
}

impl PartialSchema for Anything {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        any.description(Some("Any JSON; nothing is read of it.")).into()
    }
}

impl ToSchema for Anything {}
