//! Reading and changing a database behind the back of the code under test.

use sqlx::{FromRow, postgres::PgRow, sqlite::SqliteRow};
use storage::Database;

use super::{Kind, TestDatabase};

/// Without the one in which SQLite counts.
const TABLES_SQLITE: &str =
    "select name from sqlite_master where type = 'table' and name <> 'sqlite_sequence' order by name";
const TABLES_POSTGRES: &str = "select table_name::text from information_schema.tables
    where table_schema = current_schema() order by table_name";

impl TestDatabase {
    /// The names of all tables, sorted.
    pub async fn tables(&self) -> Vec<String> {
        self.first_column(match self.kind() {
            Kind::Sqlite => TABLES_SQLITE,
            Kind::Postgres => TABLES_POSTGRES,
        })
        .await
    }

    /// Every row of every table as text, bytes in lower-case hex, prefixed with the table's name.
    pub async fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for table in self.tables().await {
            rows.extend(self.rows_of(&table).await.into_iter().map(|row| format!("{table}: {row}")));
        }
        rows
    }

    /// Every row of one table as text.
    pub async fn rows_of(&self, table: &str) -> Vec<String> {
        if self.kind() == Kind::Postgres {
            return self.first_column(&format!("select t::text from \"{table}\" t")).await;
        }
        let as_text = |name: &String| {
            format!(
                "case typeof(\"{name}\") when 'blob' then lower(hex(\"{name}\")) else quote(\"{name}\") end"
            )
        };
        let columns = self.columns_of(table).await;
        let row = columns.iter().map(as_text).collect::<Vec<_>>().join(" || ',' || ");
        self.first_column(&format!("select {row} from \"{table}\"")).await
    }

    /// Every value of one table that is not null, as text, with its column's name.
    pub async fn values_of(&self, table: &str) -> Vec<(String, String)> {
        let mut values = Vec::new();
        for column in self.columns_of(table).await {
            let query =
                format!("select cast(\"{column}\" as text) from \"{table}\" where \"{column}\" is not null");
            let read: Vec<String> = self.first_column(&query).await;
            values.extend(read.into_iter().map(|value| (column.clone(), value)));
        }
        values
    }

    /// The rows that contain these bytes, as text or within bytes.
    pub async fn rows_holding(&self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        let bytes = bytes.as_ref();
        let hex = hex::encode(bytes);
        let text = std::str::from_utf8(bytes).ok();
        let holds = |row: &String| row.contains(&hex) || text.is_some_and(|text| row.contains(text));
        self.rows().await.into_iter().filter(holds).collect()
    }

    /// Runs statements to arrange what the code under test should find.
    pub async fn arrange(&self, statements: &str) {
        match &**self {
            Database::Sqlite(pool) => {
                let pool = pool.acquire_sqlx_pool().await.expect("a connection");
                sqlx::raw_sql(statements).execute(&*pool).await.map(drop)
            }
            Database::Postgres(pool) => {
                let pool = pool.acquire_sqlx_pool().await.expect("a connection");
                sqlx::raw_sql(statements).execute(&*pool).await.map(drop)
            }
        }
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// The one number that a query returns.
    pub async fn number(&self, query: &str) -> i64 {
        let numbers = self.numbers(query).await;
        *numbers.first().unwrap_or_else(|| panic!("{query}: no row"))
    }

    /// The numbers that a query returns, one of each row.
    pub async fn numbers(&self, query: &str) -> Vec<i64> {
        self.first_column(query).await
    }

    async fn columns_of(&self, table: &str) -> Vec<String> {
        let query = match self.kind() {
            Kind::Sqlite => format!("select name from pragma_table_info('{table}')"),
            Kind::Postgres => format!(
                "select column_name::text from information_schema.columns
                where table_schema = current_schema() and table_name = '{table}'"
            ),
        };
        self.first_column(&query).await
    }

    /// The first column of every row.
    pub async fn first_column<T>(&self, query: &str) -> Vec<T>
    where
        (T,): for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let rows: Result<Vec<(T,)>, sqlx::Error> = match &**self {
            Database::Sqlite(pool) => {
                let pool = pool.acquire_sqlx_pool().await.expect("a connection");
                sqlx::query_as(query).fetch_all(&*pool).await
            }
            Database::Postgres(pool) => {
                let pool = pool.acquire_sqlx_pool().await.expect("a connection");
                sqlx::query_as(query).fetch_all(&*pool).await
            }
        };
        let rows = rows.unwrap_or_else(|error| panic!("{query}: {error}"));
        rows.into_iter().map(|(value,)| value).collect()
    }
}
