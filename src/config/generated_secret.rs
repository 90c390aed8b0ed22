//! The secret that Bookplate makes for itself and keeps beside the embedded database.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Entropy;
use zeroize::Zeroizing;

/// The name of the file.
pub(super) const FILE: &str = "bookplate.secret";

/// The secret and how it was come by.
pub(super) struct GeneratedSecret {
    pub(super) secret: Zeroizing<String>,
    /// Whether this call made it.
    pub(super) made: bool,
    /// Whether other users of this machine can read the file.
    pub(super) exposed: bool,
}

/// The secret in the file at `path`, made when there is none.
///
/// Processes that start at once agree: whoever gets the lock first on a file without content fills it, and the others
/// read that. A start that died between the two leaves an empty file, which the next one fills.
///
/// # Errors
/// When the file cannot be made or read, or the lock cannot be had.
pub(super) fn keep(path: &Path, entropy: &dyn Entropy) -> io::Result<GeneratedSecret> {
    if let Some(kept) = read(path)? {
        return Ok(kept);
    }
    if let Some(folder) = path.parent() {
        // Of the folder's other files only the database matters, and it is as private.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = private_file().open(path)?;
    file.lock()?;
    let there = text(&mut file)?;
    if !there.is_empty() {
        return Ok(GeneratedSecret { secret: there, made: false, exposed: is_exposed(&file)? });
    }
    let secret = make(entropy);
    file.write_all(format!("{}\n", *secret).as_bytes())?;
    file.sync_all()?;
    Ok(GeneratedSecret { secret, made: true, exposed: is_exposed(&file)? })
}

/// Reads what is there; for this the file need not be writable.
fn read(path: &Path) -> io::Result<Option<GeneratedSecret>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.lock_shared()?;
    let secret = text(&mut file)?;
    if secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(GeneratedSecret { secret, made: false, exposed: is_exposed(&file)? }))
}

fn text(file: &mut File) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// 256 random bits in 43 characters.
fn make(entropy: &dyn Entropy) -> Zeroizing<String> {
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
