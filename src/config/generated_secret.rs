//! The secret that is generated at the first start and kept beside an embedded database.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Entropy;
use zeroize::Zeroizing;

use super::text_file::{self, TextFileError};

/// The name of the file.
pub(super) const FILE: &str = "bookplate.secret";

/// The secret and how it was found.
pub(super) struct GeneratedSecret {
    pub(super) secret: Zeroizing<String>,
    /// Whether this call generated it.
    pub(super) is_new: bool,
    /// Whether other users of this machine can read the file.
    pub(super) is_exposed: bool,
}

/// Reads the secret in the file at `path`, or generates one when there is none.
///
/// Processes that start at once agree: the first to lock an empty file fills it, and the others read that. A process that
/// dies in between leaves an empty file, which the next one fills.
///
/// # Errors
/// When the file cannot be created, read or locked.
pub(super) fn read_or_generate(path: &Path, entropy: &dyn Entropy) -> io::Result<GeneratedSecret> {
    if let Some(secret) = read(path)? {
        return Ok(secret);
    }
    if let Some(folder) = path.parent() {
        // The folder's other file is the database, which is as private.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = private_file().open(path)?;
    file.lock()?;
    let existing = text(&mut file)?;
    if !existing.is_empty() {
        return Ok(GeneratedSecret { secret: existing, is_new: false, is_exposed: is_exposed(&file)? });
    }
    let secret = generate(entropy);
    file.write_all(format!("{}\n", *secret).as_bytes())?;
    file.sync_all()?;
    Ok(GeneratedSecret { secret, is_new: true, is_exposed: is_exposed(&file)? })
}

/// The secret of a file that need not be writable.
fn read(path: &Path) -> io::Result<Option<GeneratedSecret>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.lock_shared()?;
    let secret = text(&mut file)?;
    if secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(GeneratedSecret { secret, is_new: false, is_exposed: is_exposed(&file)? }))
}

fn text(file: &mut File) -> io::Result<Zeroizing<String>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = text_file::decode(bytes).map(Zeroizing::new).map_err(|error| match error {
        TextFileError::Io(error) => error,
        TextFileError::Encoding(_) => io::Error::new(ErrorKind::InvalidData, format!("the file {error}")),
    })?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// 256 random bits in 43 characters.
fn generate(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(bytes.as_mut());
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

fn is_exposed(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}
