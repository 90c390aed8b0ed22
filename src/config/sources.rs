//! The sources of the configuration: the environment and the `.env` file.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use super::{Mistake, env_file, text_file, variables};

/// The environment and the working directory, read once.
#[derive(Clone)]
pub struct Sources {
    /// The variables of the process, and those of the file that the process does not have. An empty one of the process
    /// counts as unset and hides the file's.
    pub environment: BTreeMap<String, String>,
    /// The base of relative paths.
    pub directory: PathBuf,
    /// Values that could not be read; [`Config::load`](super::Config::load) reports them with the rest.
    pub(super) mistakes: Vec<Mistake>,
}

impl Sources {
    /// Exactly these variables, for tests.
    pub fn new(environment: BTreeMap<String, String>, directory: PathBuf) -> Self {
        Self { environment, directory, mistakes: Vec::new() }
    }

    /// The variables of this process and of the file at `env_file`, or of `.env` in the working directory if it exists.
    pub fn of_process(env_file: Option<&Path>) -> Self {
        // A working directory that was removed still gives meaning to absolute paths.
        let directory = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        Self::gather(env::vars_os(), directory, env_file)
    }

    /// As [`Sources::of_process`], from any environment and directory.
    pub fn gather(
        process: impl IntoIterator<Item = (OsString, OsString)>,
        directory: PathBuf,
        env_file: Option<&Path>,
    ) -> Self {
        let mut sources = Self::new(BTreeMap::new(), directory);
        sources.read_file(env_file);
        for (name, value) in process {
            // A name that is not Unicode is none of ours.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(sources.environment.insert(name, value)),
                Err(_) if variables::is_ours(&name) => {
                    sources.refuse(name, "the value is not UTF-8", "Give a value in UTF-8");
                }
                Err(_) => {}
            }
        }
        sources
    }

    fn read_file(&mut self, named: Option<&Path>) {
        let path = self.directory.join(named.unwrap_or(Path::new(".env")));
        let shown = path.display().to_string();
        let text = match text_file::read(&path) {
            Ok(text) => text,
            Err(error) if error.is_not_found() && named.is_none() => return,
            Err(error) => {
                let remedy =
                    if named.is_some() { "Give --env-file the path of a file" } else { "Make it readable" };
                return self.refuse(shown, &error.to_string(), error.remedy(remedy));
            }
        };
        let file = env_file::parse(&text);
        self.environment.extend(file.values);
        for fault in file.faults {
            self.refuse(format!("{shown}, line {}", fault.line), fault.problem, fault.remedy);
        }
    }

    fn refuse(&mut self, name: String, problem: &str, remedy: &str) {
        self.mistakes.push(Mistake { name, problem: problem.to_owned(), remedy: remedy.to_owned() });
    }
}

/// Shows only the names of variables: any value may be a secret.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("environment", &self.environment.keys())
            .field("directory", &self.directory)
            .field("mistakes", &self.mistakes)
            .finish()
    }
}
