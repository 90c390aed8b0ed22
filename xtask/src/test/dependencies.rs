//! Licences, bans, duplicates and sources of our dependencies, by the rules in `deny.toml`.
//!
//! The file is cargo-deny's, so whoever has that tool can use it too; but it takes minutes to install, and a check
//! that is skipped where the tool is missing is none. What this module does not check it refuses to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use crate::process;
use crate::workspace::Workspace;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    #[serde(rename = "sources")]
    _sources: Sources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Licenses {
    allow: BTreeSet<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    #[serde(rename = "multiple-versions")]
    _multiple_versions: Allow,
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    /// Who may bring it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
    /// One version is fine, two are not.
    #[serde(default)]
    deny_multiple_versions: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    #[serde(rename = "unknown-registry")]
    _unknown_registry: Deny,
    #[serde(rename = "unknown-git")]
    _unknown_git: Deny,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Allow {
    Allow,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deny {
    Deny,
}

/// What `cargo metadata` says, as far as we read it.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// None for a crate of this workspace.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let path = workspace.path("deny.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let rules: Rules = toml::from_str(&text).context("deny.toml holds something we do not check")?;
    let printed = process::capture(&mut workspace.cargo(["metadata", "--format-version", "1", "--locked"]))
        .context("is Cargo.lock up to date? `cargo metadata` writes it")?;
    let metadata: Metadata =
        serde_json::from_str(&printed).context("cargo metadata answers in another format")?;
    let problems = problems(&rules, &metadata);
    if !problems.is_empty() {
        bail!("{} dependencies break the rules of deny.toml:\n  {}", problems.len(), problems.join("\n  "));
    }
    eprintln!("  {} packages keep the rules of deny.toml", metadata.packages.len());
    Ok(())
}

fn problems(rules: &Rules, metadata: &Metadata) -> Vec<String> {
    let foreign = metadata.packages.iter().filter_map(|it| it.source.as_deref().map(|source| (it, source)));
    let mut problems = Vec::new();
    for (package, source) in foreign {
        if source != CRATES_IO {
            problems.push(format!("{} {} comes from {source}, not crates.io", package.name, package.version));
        }
        problems.extend(licence_problem(&rules.licenses, package));
    }
    problems.extend(rules.bans.deny.iter().filter_map(|ban| ban_problem(ban, metadata)));
    problems
}

fn licence_problem(rules: &Licenses, package: &Package) -> Option<String> {
    let name = format!("{} {}", package.name, package.version);
    let Some(licence) = &package.license else {
        return Some(format!("{name} names no licence"));
    };
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("{name} has a licence we cannot read: {licence}"));
    };
    let excepted = rules.exceptions.iter().find(|it| it.name == package.name);
    let fine = expression.evaluate(|requirement| {
        let wanted = requirement.to_string();
        rules.allow.contains(&wanted) || excepted.is_some_and(|it| it.allow.contains(&wanted))
    });
    (!fine).then(|| format!("{name} has a licence that is not allowed: {licence}"))
}

fn ban_problem(ban: &Ban, metadata: &Metadata) -> Option<String> {
    let found: Vec<&Package> = metadata.packages.iter().filter(|it| it.name == ban.name).collect();
    let versions = || found.iter().map(|it| it.version.as_str()).collect::<Vec<_>>().join(", ");
    if ban.deny_multiple_versions {
        return (found.len() > 1).then(|| format!("{} is there as {}: {}", ban.name, versions(), ban.reason));
    }
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|it| (it.id.as_str(), it.name.as_str())).collect();
    let brings =
        |node: &&Node| node.dependencies.iter().any(|it| found.iter().any(|package| &package.id == it));
    let dependents =
        metadata.resolve.nodes.iter().filter(brings).filter_map(|node| names.get(node.id.as_str()));
    let unwanted: BTreeSet<&str> =
        dependents.copied().filter(|name| !ban.wrappers.iter().any(|it| it == name)).collect();
    let who = unwanted.into_iter().collect::<Vec<_>>().join(", ");
    (!who.is_empty()).then(|| format!("{} {} is brought by {who}: {}", ban.name, versions(), ban.reason))
}

#[cfg(test)]
mod tests;
