//! The tools that commands rely on: how each is found, how it is installed, and what to tell whoever lacks it.
//! This is the only place that knows.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Something that has to be on the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    WasmTarget,
    Rustfmt,
    Clippy,
    LlvmTools,
    Postgres,
    Node,
    Python,
    Chromium,
    Nginx,
    Caddy,
    Firefox,
    WebKit,
    Apache,
}

/// What `run`, `dev`, `build` and `site` need.
pub(crate) const TO_BUILD: &[Tool] = &[Tool::WasmTarget];

const ALL: &[Tool] = &[
    Tool::WasmTarget,
    Tool::Rustfmt,
    Tool::Clippy,
    Tool::LlvmTools,
    Tool::Postgres,
    Tool::Node,
    Tool::Python,
    Tool::Chromium,
    Tool::Nginx,
    Tool::Caddy,
    Tool::Firefox,
    Tool::WebKit,
    Tool::Apache,
];

/// The oldest Node.js that the browser tests run on.
const OLDEST_NODE: u32 = 20;

/// How a missing tool gets onto the machine.
enum Source {
    /// A target of the Rust toolchain.
    Target(&'static str),
    /// A component of the Rust toolchain.
    Component(&'static str),
    /// Packages of Debian and its relatives.
    Debian { packages: &'static [&'static str], otherwise: &'static str },
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::WasmTarget => "the Rust target wasm32-unknown-unknown",
            Self::Rustfmt => "rustfmt",
            Self::Clippy => "clippy",
            Self::LlvmTools => "llvm-profdata and llvm-cov",
            Self::Postgres => "PostgreSQL (initdb, pg_ctl)",
            Self::Node => "Node.js 20 or newer with npm",
            Self::Python => "Python 3 with venv",
            Self::Chromium => "Chromium",
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Firefox => "Firefox ESR",
            Self::WebKit => "WebKitGTK's driver and Xvfb",
            Self::Apache => "Apache with mod_auth_openidc",
        }
    }

    fn source(self) -> Source {
        let debian = |packages, otherwise| Source::Debian { packages, otherwise };
        match self {
            Self::WasmTarget => Source::Target("wasm32-unknown-unknown"),
            Self::Rustfmt => Source::Component("rustfmt"),
            Self::Clippy => Source::Component("clippy"),
            Self::LlvmTools => Source::Component("llvm-tools"),
            Self::Postgres => debian(
                &["postgresql"],
                "or give the address of a running server in BOOKPLATE_TEST_POSTGRES_URL (a user who may create databases)",
            ),
            Self::Node => debian(&["nodejs", "npm"], "or see https://nodejs.org if that is older than 20"),
            Self::Python => debian(&["python3", "python3-venv"], "or see https://www.python.org"),
            Self::Chromium => debian(&["chromium"], "or name any Chromium or Chrome in CHROME"),
            Self::Nginx => debian(&["nginx"], "or put nginx on the search path; its service is not needed"),
            Self::Caddy => debian(&["caddy"], "or put caddy on the search path; its service is not needed"),
            Self::Firefox => debian(&["firefox-esr"], "on another system name Firefox in BOOKPLATE_FIREFOX"),
            Self::WebKit => {
                debian(&["webkit2gtk-driver", "xvfb"], "the tests look for them where Debian puts them")
            }
            Self::Apache => debian(
                &["apache2", "libapache2-mod-auth-openidc"],
                "its service is not needed, and may be off",
            ),
        }
    }

    fn is_here(self, workspace: &Workspace) -> bool {
        match self {
            Self::WasmTarget => {
                sysroot(workspace).is_ok_and(|it| it.join("lib/rustlib/wasm32-unknown-unknown").is_dir())
            }
            Self::Rustfmt => process::succeeds(&mut workspace.cargo(["fmt", "--version"])),
            Self::Clippy => process::succeeds(&mut workspace.cargo(["clippy", "--version"])),
            Self::LlvmTools => llvm(workspace, "llvm-cov").is_ok(),
            Self::Postgres => postgres_binaries(workspace).is_some(),
            Self::Node => {
                node_version(workspace).is_some_and(|it| it >= OLDEST_NODE) && on_path("npm").is_some()
            }
            Self::Python => {
                process::succeeds(workspace.command("python3").args(["-c", "import venv, ensurepip"]))
            }
            Self::Chromium => chromium().is_some(),
            Self::Nginx => server("nginx").is_some(),
            Self::Caddy => server("caddy").is_some(),
            Self::Firefox => on_path("firefox-esr").is_some() || env::var_os("BOOKPLATE_FIREFOX").is_some(),
            Self::WebKit => on_path("WebKitWebDriver").is_some() && on_path("Xvfb").is_some(),
            Self::Apache => {
                server("apache2").is_some()
                    && Path::new("/usr/lib/apache2/modules/mod_auth_openidc.so").is_file()
            }
        }
    }

    fn remedy(self) -> String {
        match self.source() {
            Source::Target(name) => format!("rustup target add {name}"),
            Source::Component(name) => format!("rustup component add {name}"),
            Source::Debian { packages, otherwise } => {
                format!("apt-get install {}, {otherwise}", packages.join(" "))
            }
        }
    }

    fn install(self, workspace: &Workspace) -> Result<()> {
        match self.source() {
            Source::Target(name) => rustup(workspace, &["target", "add", name]),
            Source::Component(name) => rustup(workspace, &["component", "add", name]),
            Source::Debian { packages, .. } => debian(workspace, packages),
        }
    }
}

/// Makes sure that the tools are here: installs what rustup brings, and on Debian as root what apt-get brings.
/// Everything that stays missing is named in one error.
pub(crate) fn ensure(workspace: &Workspace, tools: &[Tool]) -> Result<()> {
    let mut missing = Vec::new();
    for tool in tools.iter().filter(|tool| !tool.is_here(workspace)) {
        eprintln!("  {} is missing; trying to install it", tool.name());
        let reason = match tool.install(workspace) {
            Ok(()) if tool.is_here(workspace) => continue,
            Ok(()) => "it was installed, but is not what is needed".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        missing.push(format!("  {}: {reason}\n    remedy: {}", tool.name(), tool.remedy()));
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing on this machine:\n{}", missing.join("\n"))
}

/// `cargo xtask doctor`.
pub(crate) fn doctor(workspace: &Workspace) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for tool in ALL {
        if tool.is_here(workspace) {
            println!("here     {}", tool.name());
        } else {
            println!("missing  {}\n         remedy: {}", tool.name(), tool.remedy());
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn rustup(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    if on_path("rustup").is_none() {
        bail!("this Rust was not installed by rustup, so it is yours to add");
    }
    process::run(workspace.command("rustup").args(arguments))
}

fn debian(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if !is_root() || !Path::new("/etc/debian_version").exists() || on_path("apt-get").is_none() {
        bail!("only root on Debian lets us install it");
    }
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        process::run(&mut command)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}

/// Whether we are root, whom PostgreSQL refuses to run as.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The newest PostgreSQL that is installed: the folder with `initdb` and `pg_ctl`.
pub(crate) fn postgres_binaries(workspace: &Workspace) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .collect();
    versions.sort();
    let debian = versions.into_iter().rev().map(|(_, folder)| folder);
    let asked = on_path("pg_config")
        .and_then(|it| process::capture(workspace.command(it).arg("--bindir")).ok())
        .map(|it| PathBuf::from(it.trim()));
    let on_path = on_path("initdb").and_then(|it| Some(it.parent()?.to_path_buf()));
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    debian.chain(asked).chain(on_path).find(complete)
}

/// The browser of the tests: `CHROME`, or the first that is installed.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROME") {
        return Some(PathBuf::from(named)).filter(|it| it.is_file());
    }
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].into_iter().find_map(on_path)
}

/// A server that Debian puts where only root's search path leads.
pub(crate) fn server(program: &str) -> Option<PathBuf> {
    on_path(program).or_else(|| Some(Path::new("/usr/sbin").join(program)).filter(|it| it.is_file()))
}

/// One of the LLVM tools that come with the Rust toolchain.
pub(crate) fn llvm(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let mut matching = Vec::new();
    for host in std::fs::read_dir(sysroot(workspace)?.join("lib/rustlib"))? {
        matching.push(host?.path().join("bin").join(name));
    }
    matching
        .into_iter()
        .find(|it| it.is_file())
        .with_context(|| format!("{name} is not in the Rust toolchain"))
}

/// Where a program is on the search path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|it| it.is_file())
}

fn sysroot(workspace: &Workspace) -> Result<PathBuf> {
    let printed = process::capture(workspace.command("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(printed.trim()))
}

fn node_version(workspace: &Workspace) -> Option<u32> {
    let printed = process::capture(workspace.command(on_path("node")?).arg("--version")).ok()?;
    printed.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}
