//! Looking into a database past the code under test.

use storage::Database;

use super::TestDatabase;

/// Without the one in which SQLite counts.
const TABLES_SQLITE: &str =
    "select name from sqlite_master where type = 'table' and name <> 'sqlite_sequence' order by name";
const TABLES_POSTGRES: &str = "select table_name::text from information_schema.tables
    where table_schema = current_schema() order by table_name";
const COLUMNS_SQLITE: &str = "select name from pragma_table_info($1)";
const COLUMNS_POSTGRES: &str = "select column_name::text from information_schema.columns
    where table_schema = current_schema() and table_name = $1";

impl TestDatabase {
    /// The names of all tables, sorted.
    pub async fn tables(&self) -> Vec<String> {
        match &**self {
            Database::Sqlite(pool) => {
                sqlx::query_scalar(TABLES_SQLITE)
                    .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
            Database::Postgres(pool) => {
                sqlx::query_scalar(TABLES_POSTGRES)
                    .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
        }
        .expect("the schema can be read")
    }

    /// Every row of every table as text, bytes in lower-case hex, the table's name in front.
    pub async fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for table in self.tables().await {
            rows.extend(self.rows_of(&table).await.into_iter().map(|row| format!("{table}: {row}")));
        }
        rows
    }

    /// Every row of one table as text.
    pub async fn rows_of(&self, table: &str) -> Vec<String> {
        match &**self {
            Database::Sqlite(pool) => {
                let columns: Vec<String> =
                    sqlx::query_scalar(COLUMNS_SQLITE).bind(table).fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection")).await.expect("columns can be read");
                let as_text = |name: &String| {
                    format!("case typeof(\"{name}\") when 'blob' then lower(hex(\"{name}\")) else quote(\"{name}\") end")
                };
                let row = columns.iter().map(as_text).collect::<Vec<_>>().join(" || ',' || ");
                sqlx::query_scalar(&format!("select {row} from \"{table}\"")).fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection")).await
            }
            Database::Postgres(pool) => {
                sqlx::query_scalar(&format!("select t::text from \"{table}\" t")).fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection")).await
            }
        }
        .expect("a table can be read")
    }

    /// Every value of one table that is not null, as text, with its column's name.
    pub async fn values_of(&self, table: &str) -> Vec<(String, String)> {
        let columns: Vec<String> = match &**self {
            Database::Sqlite(pool) => {
                sqlx::query_scalar(COLUMNS_SQLITE)
                    .bind(table)
                    .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
            Database::Postgres(pool) => {
                sqlx::query_scalar(COLUMNS_POSTGRES)
                    .bind(table)
                    .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
        }
        .expect("columns can be read");
        let mut values = Vec::new();
        for column in columns {
            let query =
                format!("select cast(\"{column}\" as text) from \"{table}\" where \"{column}\" is not null");
            let read: Vec<String> = match &**self {
                Database::Sqlite(pool) => {
                    sqlx::query_scalar(&query)
                        .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                        .await
                }
                Database::Postgres(pool) => {
                    sqlx::query_scalar(&query)
                        .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                        .await
                }
            }
            .expect("a column can be read");
            values.extend(read.into_iter().map(|value| (column.clone(), value)));
        }
        values
    }

    /// The rows in which these bytes stand, as text or within bytes.
    pub async fn rows_holding(&self, bytes: impl AsRef<[u8]>) -> Vec<String> {
        let bytes = bytes.as_ref();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = std::str::from_utf8(bytes).ok();
        let holds = |row: &String| row.contains(&hex) || text.is_some_and(|text| row.contains(text));
        self.rows().await.into_iter().filter(holds).collect()
    }

    /// Runs statements past the code under test, to arrange what it should find.
    pub async fn arrange(&self, statements: &str) {
        match &**self {
            Database::Sqlite(pool) => sqlx::raw_sql(statements)
                .execute(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                .await
                .map(drop),
            Database::Postgres(pool) => sqlx::raw_sql(statements)
                .execute(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                .await
                .map(drop),
        }
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// The one number a query answers, past the code under test.
    pub async fn number(&self, query: &str) -> i64 {
        match &**self {
            Database::Sqlite(pool) => {
                sqlx::query_scalar(query)
                    .fetch_one(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
            Database::Postgres(pool) => {
                sqlx::query_scalar(query)
                    .fetch_one(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
        }
        .unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// The numbers a query answers, one of each row, past the code under test.
    pub async fn numbers(&self, query: &str) -> Vec<i64> {
        match &**self {
            Database::Sqlite(pool) => {
                sqlx::query_scalar(query)
                    .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
            Database::Postgres(pool) => {
                sqlx::query_scalar(query)
                    .fetch_all(&*pool.acquire_sqlx_pool().await.expect("a connection"))
                    .await
            }
        }
        .unwrap_or_else(|error| panic!("{query}: {error}"))
    }
}
