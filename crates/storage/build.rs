//! `sqlx::migrate!` notices a changed migration by itself, but not a new one.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
