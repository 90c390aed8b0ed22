//! Parts of a page that islands load more of: the same functions, called while a page is rendered and, from a browser, over
//! HTTP while it is open. They answer markup made on the server, so that a browser needs neither Markdown nor a second copy
//! of a row.

mod error;
#[cfg(not(feature = "ssr"))]
mod fetch;
#[cfg(feature = "ssr")]
mod functions;
mod types;

#[cfg(not(feature = "ssr"))]
pub use self::fetch::{load_conversations, load_messages};
#[cfg(feature = "ssr")]
pub use self::functions::{LoadConversations, LoadMessages, load_conversations, load_messages};
pub use self::{
    error::FragmentError,
    types::{AnchorKind, ListFragment, ListQuery, MessagesFragment, MessagesQuery},
};
