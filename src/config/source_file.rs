//! The text of `bookplate.toml`, in which mistakes are located.

use super::loader::Loader;

/// The file's name and text, to locate mistakes.
#[derive(Default)]
pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) text: String,
}

impl SourceFile {
    /// Reports a mistake at a byte offset.
    pub(super) fn refuse(
        &self,
        loader: &mut Loader<'_>,
        at: usize,
        problem: &str,
        remedy: impl Into<String>,
    ) {
        loader.refuse(&self.place(at), problem, remedy);
    }

    pub(super) fn place(&self, at: usize) -> String {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1);
        format!("{}, line {line}", self.name)
    }
}
