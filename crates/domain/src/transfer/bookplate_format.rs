//! The identification of Bookplate's own JSON files.

/// The file's member `format`.
pub(super) const FORMAT: &str = "bookplate-conversations";
/// The file's member `version`; raised when a member goes or changes its meaning.
pub(super) const VERSION: u32 = 1;
