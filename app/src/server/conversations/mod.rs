//! What the pages of conversations load, and the server functions behind their forms.

mod forms;
mod list;
mod messages;

pub use self::forms::{
    ArchiveConversation, ChooseBranch, DeleteConversation, GiveFeedback, RenameConversation,
    RestoreConversation, UnarchiveConversation,
};
pub(crate) use self::{list::list, messages::messages};
