//! Reading a PostgreSQL database of Better Auth.
//!
//! Its columns differ with its version, its plugins and the tool that created them, so the statements are put together from
//! the names that are found.

use std::collections::BTreeMap;

use contract::Timestamp;
use serde_json::{Map, Value};
use sqlx::{ConnectOptions, Connection, PgConnection, types::Json};
use thiserror::Error;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    address::{Address, AddressError},
    connect_error::ConnectError,
    tls::{ServerOptions, SystemResolver, connect_options},
};

/// Users fetched at a time.
const BATCH: usize = 500;
/// Tables that are only counted, by folded name. `user` and `account` are read.
const OTHERS: [&str; 14] = [
    "session",
    "verification",
    "twofactor",
    "passkey",
    "jwks",
    "apikey",
    "oauthapplication",
    "oauthclient",
    "oauthaccesstoken",
    "oauthconsent",
    "organization",
    "member",
    "invitation",
    "team",
];

/// Tables and views in the search path.
const TABLES: &str = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and pg_table_is_visible(c.oid)
    and n.nspname not in ('pg_catalog', 'information_schema') order by c.relname";
const COLUMNS: &str = "select attname::text from pg_attribute
    where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum";

/// A user's row as JSON, and the password hash.
type Row = (Json<Map<String, Value>>, Option<String>);

/// A read-only snapshot of a database of Better Auth.
#[derive(Debug)]
pub struct BetterAuth {
    connection: PgConnection,
    tables: Names,
    accounts: Table,
}

/// A user as Better Auth stores them, not validated yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportedUser {
    /// The id as text, whatever its type.
    pub id: String,
    /// The address, in any case.
    pub email: String,
    /// Whether it was verified.
    pub email_verified: bool,
    /// The name.
    pub name: String,
    /// The address of a picture.
    pub image: Option<String>,
    /// When the account was created.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// Whether the account is closed.
    pub ban: Option<ForeignBan>,
    /// The password hash, of any algorithm.
    pub password: Option<String>,
    /// Every other column.
    pub fields: Vec<(String, Value)>,
}

/// A ban of Better Auth's admin plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignBan {
    /// The reason.
    pub reason: Option<String>,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
}

impl BetterAuth {
    /// Opens `postgres://...` and finds the tables of users and accounts. Names may be Better Auth's own or those with
    /// underscores that object mappers make of them, in the singular or in the plural.
    pub async fn open(url: &str) -> Result<Self, ForeignError> {
        let address = match url.parse() {
            Ok(Address::Postgres(address)) => address,
            Err(error) if url.starts_with("postgres") => return Err(ForeignError::Address(error)),
            _ => return Err(ForeignError::NotPostgres),
        };
        let ServerOptions { options, warning } = connect_options(&address, &SystemResolver).await?;
        if let Some(warning) = warning {
            tracing::warn!("{warning}");
        }
        let options = options.application_name("bookplate import").disable_statement_logging();
        let connected = options.connect().await;
        let mut connection =
            connected.map_err(|error| ConnectError::postgres(address.to_string(), &error))?;
        // One snapshot, however long reading it takes.
        sqlx::raw_sql("begin isolation level repeatable read read only; set local time zone 'UTC'")
            .execute(&mut connection)
            .await?;
        let tables = Names(sqlx::query_scalar(TABLES).fetch_all(&mut connection).await?);
        let readers = Table::find(&mut connection, &tables, "user", &["id", "email"]).await?;
        let accounts = Table::find(&mut connection, &tables, "account", &["userId", "providerId"]).await?;
        let statement = statement(&readers, &accounts)?;
        sqlx::raw_sql(&format!("declare readers no scroll cursor for {statement}"))
            .execute(&mut connection)
            .await?;
        Ok(Self { connection, tables, accounts })
    }

    /// The next users, those with a verified address first, then the oldest; empty at the end.
    pub async fn next(&mut self) -> Result<Vec<ImportedUser>, ForeignError> {
        let rows: Vec<Row> =
            sqlx::query_as(&format!("fetch {BATCH} from readers")).fetch_all(&mut self.connection).await?;
        Ok(rows.into_iter().map(|(row, password)| reader(row.0, password)).collect())
    }

    /// The number of rows that are not imported, by table, and of accounts other than passwords, by provider.
    pub async fn others(&mut self) -> Result<BTreeMap<String, i64>, ForeignError> {
        let mut others = BTreeMap::new();
        for name in OTHERS.iter().filter_map(|table| self.tables.like(table)) {
            let count = format!("select count(*) from {}", quoted(name));
            let count: i64 = sqlx::query_scalar(&count).fetch_one(&mut self.connection).await?;
            others.insert(name.to_owned(), count);
        }
        let provider = self.accounts.column("providerId")?;
        let providers = format!(
            "select {provider}::text, count(*) from {} where {provider} <> 'credential' group by 1",
            self.accounts.name
        );
        let providers: Vec<(String, i64)> =
            sqlx::query_as(&providers).fetch_all(&mut self.connection).await?;
        others.extend(providers.into_iter().map(|(name, count)| (format!("account of {name}"), count)));
        others.retain(|_, count| *count > 0);
        Ok(others)
    }

    /// Closes the connection.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// Names of tables or columns.
#[derive(Debug)]
struct Names(Vec<String>);

impl Names {
    /// The one that is `name` but for case, underscores and a plural; the closest of several.
    fn like(&self, name: &str) -> Option<&str> {
        let wanted = folded(name);
        let plural = format!("{wanted}s");
        let exact = self.0.iter().find(|it| it.as_str() == name);
        let same = || self.0.iter().find(|it| folded(it) == wanted);
        let several = || self.0.iter().find(|it| folded(it) == plural);
        exact.or_else(same).or_else(several).map(String::as_str)
    }
}

/// A table of Better Auth.
#[derive(Debug)]
struct Table {
    /// Quoted.
    name: String,
    columns: Names,
}

impl Table {
    async fn find(
        connection: &mut PgConnection,
        tables: &Names,
        name: &str,
        columns: &[&str],
    ) -> Result<Self, ForeignError> {
        let found = tables.like(name).ok_or_else(|| ForeignError::LacksTable(name.to_owned()))?;
        let quoted = quoted(found);
        let names: Vec<String> =
            sqlx::query_scalar(COLUMNS).bind(&quoted).fetch_all(&mut *connection).await?;
        let table = Self { name: quoted, columns: Names(names) };
        columns.iter().try_for_each(|column| table.column(column).map(drop))?;
        Ok(table)
    }

    /// The column, quoted.
    fn column(&self, name: &str) -> Result<String, ForeignError> {
        let found = self.columns.like(name).map(quoted);
        found.ok_or_else(|| ForeignError::Lacks(format!("column \"{name}\" of {}", self.name)))
    }
}

/// All users with their passwords. A row as JSON needs no column to exist, and has a form for every type.
fn statement(readers: &Table, accounts: &Table) -> Result<String, ForeignError> {
    let id = readers.column("id")?;
    let (user_id, provider) = (accounts.column("userId")?, accounts.column("providerId")?);
    let password = match accounts.column("password") {
        Ok(password) => format!(
            "(select a.{password}::text from {} a where a.{user_id} = u.{id} and a.{provider} = 'credential'
            and a.{password} is not null order by 1 limit 1)",
            accounts.name
        ),
        Err(_) => "null::text".to_owned(),
    };
    let order = [("emailVerified", " desc nulls last"), ("createdAt", ""), ("id", "")];
    let order: Vec<String> = order
        .iter()
        .filter_map(|(name, direction)| Some(format!("u.{}{direction}", readers.column(name).ok()?)))
        .collect();
    Ok(format!("select to_jsonb(u), {password} from {} u order by {}", readers.name, order.join(", ")))
}

/// A user of a row; columns without a member of their own become fields.
fn reader(row: Map<String, Value>, password: Option<String>) -> ImportedUser {
    let mut reader = ImportedUser { password, ..ImportedUser::default() };
    let (mut banned, mut ban) = (false, ForeignBan::default());
    for (column, value) in row {
        match folded(&column).as_str() {
            "id" => reader.id = text(value).unwrap_or_default(),
            "email" => reader.email = text(value).unwrap_or_default(),
            "emailverified" => reader.email_verified = value == Value::Bool(true),
            "name" => reader.name = text(value).unwrap_or_default(),
            "image" => reader.image = text(value),
            "createdat" => reader.created_at = moment(&value),
            "updatedat" => reader.updated_at = moment(&value),
            "banned" => banned = value == Value::Bool(true),
            "banreason" => ban.reason = text(value),
            "banexpires" => ban.until = moment(&value),
            _ => reader.fields.push((column, value)),
        }
    }
    reader.ban = banned.then_some(ban);
    reader
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A timestamp as PostgreSQL writes it into JSON. One without a zone, as older versions have them, is taken for UTC.
fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let (_, time) = text.split_once('T')?;
    let zone = if time.contains(['Z', '+', '-']) { "" } else { "Z" };
    let moment = OffsetDateTime::parse(&format!("{text}{zone}"), &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Timestamp::from_millis)
}

/// A name without underscores and case, which tools change.
fn folded(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why a database of Better Auth cannot be read. Contains no password.
#[derive(Debug, Error)]
pub enum ForeignError {
    /// The address cannot be used.
    #[error("the address of Better Auth's database: {0}.")]
    Address(#[from] AddressError),
    /// The address is not one of PostgreSQL.
    #[error("--from takes the address of a PostgreSQL database: postgres://...")]
    NotPostgres,
    /// It cannot be opened.
    #[error(transparent)]
    Closed(#[from] ConnectError),
    /// This table is not in the search path.
    #[error(
        "this is not a database of Better Auth: it has no table \"{0}\" in the search path. If the table is in another \
         schema, add ?options[search_path]=SCHEMA to the address. If it has another name, make a view of the name: \
         create view \"{0}\" as select * from ITS_NAME"
    )]
    LacksTable(String),
    /// It is not a database of Better Auth: this column is missing.
    #[error("this is not a database of Better Auth: it has no {0}")]
    Lacks(String),
    /// A statement failed.
    #[error("Better Auth's database cannot be read: {0}")]
    Reading(#[from] sqlx::Error),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_moment_is_read_with_and_without_a_zone() {
        let read = |text: &str| moment(&json!(text)).map(Timestamp::millis);
        assert_eq!(read("2026-11-20T23:05:05.131+00:00"), Some(1_795_215_905_131));
        assert_eq!(read("2026-11-21T00:05:05.131+01:00"), Some(1_795_215_905_131));
        assert_eq!(read("2026-11-20T23:05:05.131"), Some(1_795_215_905_131));
        assert_eq!(read("2026-11-20T23:05:05"), Some(1_795_215_905_000));
        assert_eq!(read("infinity"), None);
        assert_eq!(moment(&Value::Null), None);
    }

    #[test]
    fn a_name_is_found_with_underscores_and_in_the_plural_but_better_as_it_is() {
        let names = |names: &[&str]| Names(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(names(&["email_verified"]).like("emailVerified"), Some("email_verified"));
        assert_eq!(names(&["Users"]).like("user"), Some("Users"));
        assert_eq!(names(&["users", "user"]).like("user"), Some("user"));
        assert_eq!(names(&["userId"]).like("user"), None);
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\" b"), "\"a\"\" b\"");
    }

    #[test]
    fn what_has_no_place_of_its_own_is_a_field() {
        let row = json!({
            "id": 7, "email": "Ada@Example.com", "email_verified": true, "name": null, "banned": false,
            "ban_reason": "spam", "experienceLevel": "beginner", "role": null,
        });
        let Value::Object(row) = row else { panic!("an object") };
        let expected = ImportedUser {
            id: "7".into(),
            email: "Ada@Example.com".into(),
            email_verified: true,
            fields: vec![("experienceLevel".into(), json!("beginner")), ("role".into(), Value::Null)],
            ..ImportedUser::default()
        };
        assert_eq!(reader(row, None), expected);
    }
}
