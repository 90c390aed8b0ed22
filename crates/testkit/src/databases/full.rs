//! A database without room.

use super::{Kind, TestDatabase};

/// A table that numbers its rows and has given the last number, which SQLite answers like a full disk.
const SQLITE: &str = "create table no_room (no integer primary key autoincrement);
    insert into no_room values (9223372036854775807);";
const POSTGRES: &str = "create function no_room() returns trigger language plpgsql as $$ begin
    raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;";

impl TestDatabase {
    /// From now on, these statements fail as they do on a full disk: each is `insert` or `update`, and a table.
    pub async fn fill_up(&self, statements: &[(&str, &str)]) {
        let mut text = match self.kind() {
            Kind::Sqlite => SQLITE,
            Kind::Postgres => POSTGRES,
        }
        .to_owned();
        for (operation, table) in statements {
            let trigger = format!("create trigger no_room_{operation}_{table} before {operation} on {table}");
            text.push_str(&match self.kind() {
                Kind::Sqlite => format!("{trigger} begin insert into no_room (no) values (null); end;"),
                Kind::Postgres => format!("{trigger} for each row execute function no_room();"),
            });
        }
        self.arrange(&text).await;
    }
}
