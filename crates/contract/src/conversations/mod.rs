//! Conversations on the wire.
//!
//! JSON from clients is kept byte for byte ([`RawJson`]); what Bookplate has to understand is parsed from it ([`Part`]).
//! Offsets into a text count Unicode code points.

mod body;
mod conversation;
mod feedback;
mod id;
mod imported;
mod message;
mod origin;
mod page;
mod part;
mod raw_json;
mod search;
mod validation;

pub use body::read_json;
pub use conversation::{Conversation, ConversationChange, ConversationStatus, NewConversation};
pub use feedback::{Feedback, FeedbackValue, NewFeedback};
pub use id::{ConversationId, Id, MessageId, OfConversation, OfMessage};
pub use imported::{Imported, ImportedConversation, RejectedConversation};
pub use message::{Message, MessageChange, MessageStatus, NewMessage, Role};
pub use origin::Origin;
pub use page::{Appended, Order, Page};
#[cfg(feature = "openapi")]
pub use part::schema;
pub use part::{Citation, Part, SourceKind, SourcePart, parts_of, plain_text};
pub use raw_json::RawJson;
pub use search::{Hit, HitConversation, HitMessage, Passage, PassagePart};
pub use validation::{MessageLimits, ValidatedParts};
