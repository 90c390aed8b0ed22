//! Products whose conversations can be imported.

use strum::{EnumString, IntoStaticStr};

/// The product that an imported message was written in, which signs its answers. The name of a variant in text is the message's
/// `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
pub enum Origin {
    /// ChatGPT's data export.
    #[strum(serialize = "chatgpt")]
    ChatGpt,
    /// The data export of claude.ai.
    #[strum(serialize = "claude.ai")]
    Claude,
    /// Open WebUI's export of chats.
    #[strum(serialize = "open-webui")]
    OpenWebUi,
}

impl Origin {
    /// The origin that a message's `format` names, if it is one of these.
    pub fn of(format: Option<&str>) -> Option<Self> {
        format?.parse().ok()
    }

    /// The message's `format`.
    pub fn format(self) -> &'static str {
        self.into()
    }

    /// The product's name, as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatGpt => "ChatGPT",
            Self::Claude => "Claude",
            Self::OpenWebUi => "Open WebUI",
        }
    }
}
