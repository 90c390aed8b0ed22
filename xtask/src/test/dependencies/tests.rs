use super::*;
use serde_json::json;

const RULES: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
exceptions = [{ crate = "tool", allow = ["MPL-2.0"] }]
[bans]
multiple-versions = "allow"
deny = [
  { crate = "openssl-sys", reason = "needs a system library" },
  { crate = "cmake", wrappers = ["aws-lc-sys"], reason = "needs a program" },
  { crate = "axum", deny-multiple-versions = true, reason = "types would not fit" },
]
[sources]
unknown-registry = "deny"
unknown-git = "deny"
"#;

/// Packages as `name version licence`, each depended on by the one before it.
fn broken(packages: &[(&str, &str, &str)]) -> Vec<String> {
    let id = |(name, version, _): &(&str, &str, &str)| format!("{name}@{version}");
    let listed: Vec<_> = packages
        .iter()
        .map(|it| json!({"id": id(it), "name": it.0, "version": it.1, "license": it.2, "source": CRATES_IO}))
        .collect();
    let nodes: Vec<_> = (0..packages.len())
        .map(|place| json!({"id": id(&packages[place]), "dependencies": packages[place + 1..].iter().take(1).map(id).collect::<Vec<_>>()}))
        .collect();
    let metadata = json!({"packages": listed, "resolve": {"nodes": nodes}});
    problems(&toml::from_str(RULES).unwrap(), &serde_json::from_value(metadata).unwrap())
}

#[test]
fn an_alternative_that_is_allowed_suffices_and_a_conjunction_needs_both() {
    assert!(broken(&[("a", "1.0.0", "MIT OR GPL-3.0-only")]).is_empty());
    assert!(broken(&[("a", "1.0.0", "GPL-2.0/MIT")]).is_empty());
    assert!(broken(&[("a", "1.0.0", "Apache-2.0 WITH LLVM-exception")]).is_empty());
    assert_eq!(broken(&[("a", "1.0.0", "MIT AND GPL-3.0-only")]).len(), 1);
    assert_eq!(broken(&[("a", "1.0.0", "Apache-2.0")]).len(), 1);
}

#[test]
fn an_exception_is_for_its_crate_alone() {
    assert!(broken(&[("tool", "1.0.0", "MPL-2.0")]).is_empty());
    assert_eq!(broken(&[("other", "1.0.0", "MPL-2.0")]).len(), 1);
}

#[test]
fn a_ban_spares_only_its_wrappers() {
    assert!(broken(&[("aws-lc-sys", "1.0.0", "MIT"), ("cmake", "0.1.0", "MIT")]).is_empty());
    let told = broken(&[("zlib", "1.0.0", "MIT"), ("cmake", "0.1.0", "MIT")]);
    assert_eq!(told, ["cmake 0.1.0 is brought by zlib: needs a program"]);
    assert_eq!(broken(&[("native-tls", "1.0.0", "MIT"), ("openssl-sys", "0.9.0", "MIT")]).len(), 1);
}

#[test]
fn two_versions_of_a_single_crate_are_refused() {
    assert!(broken(&[("axum", "0.8.9", "MIT"), ("b", "1.0.0", "MIT"), ("b", "2.0.0", "MIT")]).is_empty());
    let told = broken(&[("axum", "0.8.9", "MIT"), ("axum", "0.7.0", "MIT")]);
    assert_eq!(told, ["axum is there as 0.8.9, 0.7.0: types would not fit"]);
}

#[test]
fn rules_that_nobody_checks_are_refused() {
    assert!(toml::from_str::<Rules>(&format!("{RULES}allow-git = []")).is_err());
}
