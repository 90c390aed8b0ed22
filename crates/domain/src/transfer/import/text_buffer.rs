//! Text of a file that is collected until it can be parsed.

use std::{
    fs::{File, OpenOptions, remove_file},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use contract::{Code, Problem, Problems, Reason};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::spawn_blocking,
};

use super::file_reader::fault;
use crate::{ConversationError, Ports};

/// The most bytes that are kept in memory; what is longer goes to a temporary file.
const IN_MEMORY: usize = 512 * 1024;
/// KiB of temporary files, of all imports of this process.
static SPOOLED: Semaphore = Semaphore::const_new(128 * 1024);
/// A text that was in a temporary file is in memory while it is imported, one at a time in this process.
static LARGE_TEXT: Semaphore = Semaphore::const_new(1);
/// Seconds after which there may be room for another temporary file.
const RETRY_AFTER: u32 = 30;

/// Bytes that are collected.
#[derive(Debug, Default)]
pub(super) struct TextBuffer {
    memory: Vec<u8>,
    spool: Option<Spool>,
}

/// A temporary file. It has no name any more, so it is gone with the process whatever happens.
#[derive(Debug)]
struct Spool {
    file: File,
    length: usize,
    room: SemaphorePermit<'static>,
}

/// A complete text.
#[derive(Debug)]
pub(super) struct CompleteText {
    pub(super) text: String,
    /// To be held until the text is imported when it is a large one.
    pub(super) large: Option<SemaphorePermit<'static>>,
}

impl TextBuffer {
    /// The bytes, if they are in memory.
    pub(super) fn in_memory(&self) -> Option<&[u8]> {
        self.spool.is_none().then_some(&self.memory)
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// `SERVICE_BUSY` when other imports have taken all of the room for temporary files; a failure of the file system.
    pub(super) async fn push(&mut self, bytes: &[u8], ports: &Ports) -> Result<(), ConversationError> {
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > IN_MEMORY {
            self.spool(ports).await?;
        }
        Ok(())
    }

    /// The text.
    ///
    /// # Errors
    /// `BAD_REQUEST` when it is not UTF-8; a failure of the file system.
    pub(super) async fn finish(mut self, ports: &Ports) -> Result<CompleteText, ConversationError> {
        let (bytes, large) = if self.spool.is_some() {
            self.spool(ports).await?;
            let large = LARGE_TEXT.acquire().await.map_err(|error| fault(&error))?;
            (self.read_spool().await?, Some(large))
        } else {
            (self.memory, None)
        };
        let text = String::from_utf8(bytes).map_err(|_| Problems::from(Problem::new(Code::BadRequest)))?;
        Ok(CompleteText { text, large })
    }

    /// Moves what is in memory to the temporary file.
    async fn spool(&mut self, ports: &Ports) -> Result<(), ConversationError> {
        let bytes = std::mem::take(&mut self.memory);
        let wanted = u32::try_from(bytes.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = SPOOLED.try_acquire_many(wanted).map_err(|_| no_room())?;
        let (before, name) = (self.spool.take(), ports.random_uuid());
        let written = spawn_blocking(move || {
            let mut spool = match before {
                Some(mut spool) => {
                    spool.room.merge(room);
                    spool
                }
                None => Spool { file: temporary_file(&name.to_string())?, length: 0, room },
            };
            spool.file.write_all(&bytes)?;
            spool.length += bytes.len();
            Ok::<_, io::Error>(spool)
        });
        self.spool = Some(written.await.map_err(|error| fault(&error))?.map_err(|error| fault(&error))?);
        Ok(())
    }

    async fn read_spool(self) -> Result<Vec<u8>, ConversationError> {
        let Some(mut spool) = self.spool else { return Ok(self.memory) };
        let read = spawn_blocking(move || {
            let mut bytes = Vec::with_capacity(spool.length);
            spool.file.rewind()?;
            spool.file.read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        });
        read.await.map_err(|error| fault(&error))?.map_err(|error| fault(&error))
    }
}

fn no_room() -> ConversationError {
    let words = "Other large conversations are being imported. Send the file again shortly.";
    let problem = Problem::retry_in(Code::Busy, RETRY_AFTER);
    Problems::from(Problem { reason: Some(Reason::Sentence(words.to_owned())), ..problem }).into()
}

/// A file of our own that nobody else finds.
fn temporary_file(name: &str) -> io::Result<File> {
    let path: PathBuf = std::env::temp_dir().join(format!("bookplate-import-{name}"));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    remove_file(&path)?;
    Ok(file)
}
