//! Running other programs, with errors that say which one failed and how.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

/// Runs to the end with our own input and output; an exit status other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// What the program wrote to its standard output; its errors go to ours.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` did not write UTF-8", shown(command)))
}

/// Whether the program exists and exits with 0. Its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|it| it.success())
}

/// Runs like [`run`] and hands each line, of both outputs, to `line` after showing it.
pub(crate) fn observe(command: &mut Command, line: impl FnMut(&str) + Send) -> Result<()> {
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let line = Mutex::new(line);
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(|| output.map(|it| tee(it, std::io::stdout(), &line)));
        scope.spawn(|| errors.map(|it| tee(it, std::io::stderr(), &line)));
    });
    let status = child.wait().context("cannot wait for the program")?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

fn tee(from: impl Read, mut to: impl Write, line: &Mutex<impl FnMut(&str)>) {
    let mut from = BufReader::new(from);
    let mut bytes = Vec::new();
    // Output that cannot be shown (a closed pipe) must not stop the program that writes it.
    while from.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let _ = to.write_all(&bytes).and_then(|()| to.flush());
        if let Ok(mut line) = line.lock() {
            line(String::from_utf8_lossy(&bytes).trim_end());
        }
        bytes.clear();
    }
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", command.get_program().to_string_lossy())
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let arguments = command.get_args().map(|it| it.to_string_lossy());
    std::iter::once(name).chain(arguments).collect::<Vec<_>>().join(" ")
}
