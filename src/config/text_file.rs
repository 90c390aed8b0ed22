//! Files that people write: UTF-8, whatever their editor would rather make of them.

use std::{fmt, fs, io, path::Path};

/// The reason why a file cannot be read as text.
#[derive(Debug)]
pub(super) enum TextFileError {
    /// It cannot be read at all.
    Io(io::Error),
    /// It is text in another encoding, or no text.
    Encoding(String),
}

/// What to do about a file that is not UTF-8.
pub(super) const SAVE_AS_UTF_8: &str = "Save it as UTF-8";

impl TextFileError {
    /// Whether there is no such file.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// The remedy: `otherwise`, unless the file has only to be saved in another way.
    pub(super) fn remedy<'a>(&self, otherwise: &'a str) -> &'a str {
        match self {
            Self::Io(_) => otherwise,
            Self::Encoding(_) => SAVE_AS_UTF_8,
        }
    }
}

impl fmt::Display for TextFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read ({error})"),
            Self::Encoding(encoding) => write!(f, "is {encoding}"),
        }
    }
}

/// The text of a file, without the byte order mark that some editors begin it with.
pub(super) fn read(path: &Path) -> Result<String, TextFileError> {
    decode(fs::read(path).map_err(TextFileError::Io)?)
}

/// The text of these bytes.
///
/// PowerShell's `>` and Windows' Notepad write UTF-16; read as UTF-8 without its byte order mark, that would be valid text
/// in which every other character is a NUL.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, TextFileError> {
    if [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|mark| bytes.starts_with(mark)) || bytes.contains(&0) {
        return Err(TextFileError::Encoding("text in UTF-16".to_owned()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = valid.split(|byte| *byte == b'\n').count();
            Err(TextFileError::Encoding(format!("not text in UTF-8 (line {line})")))
        }
    }
}
