//! The name of the template database is made from the migrations, so a new one has to rebuild this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/postgres");
}
