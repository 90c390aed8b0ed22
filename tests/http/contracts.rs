//! The contracts in `docs/contracts`: a part of the description as OpenAPI 3.0 in YAML, for generators of clients.

use std::{collections::BTreeSet, env, fs, path::Path};

use serde_json::{Map, Value};

use crate::{
    app::{TestApp, a_database},
    openapi::references,
};

/// The groups by name, each with what its paths begin with.
const GROUPS: [(&str, &[&str]); 2] =
    [("accounts", &["/api/auth/"]), ("conversations", &["/api/conversations", "/api/search", "/api/me"])];

/// The first line of each file.
const HEAD: &str = "# Written by `cargo xtask openapi`.\n";

#[tokio::test(flavor = "multi_thread")]
async fn each_contract_is_its_part_of_what_is_served() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let served = app.script().get("/api/openapi-3.0.json").await.json();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/contracts");
    let updates = env::var("INSTA_UPDATE").is_ok_and(|update| update == "always");
    for (group, prefixes) in GROUPS {
        let file = folder.join(format!("{group}.openapi-3.0.yaml"));
        let contract = format!("{HEAD}{}", serde_norway::to_string(&part(&served, prefixes)).unwrap());
        if updates {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &contract).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == contract, "{} is not what is served: run cargo xtask openapi", file.display());
    }
    let paths = served["paths"].as_object().unwrap().keys();
    let ungrouped = paths.filter(|path| GROUPS.iter().all(|(_, prefixes)| !is_in(path, prefixes)));
    assert!(ungrouped.into_iter().all(|path| path.starts_with("/api/openapi")), "every path has a contract");
}

fn is_in(path: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| path.starts_with(prefix))
}

/// The document with the paths of one group, and with the tags and components that they use.
fn part(document: &Value, prefixes: &[&str]) -> Value {
    let mut part = document.clone();
    part["paths"].as_object_mut().unwrap().retain(|path, _| is_in(path, prefixes));
    let mut used = BTreeSet::new();
    references(&part["paths"], &mut used);
    // What a used component refers to is used, too.
    loop {
        let known = used.len();
        for target in used.clone() {
            references(document.pointer(&target[1..]).unwrap(), &mut used);
        }
        if used.len() == known {
            break;
        }
    }
    let components = part["components"].as_object_mut().unwrap();
    for (kind, named) in components.iter_mut().filter(|(kind, _)| *kind != "securitySchemes") {
        let named: &mut Map<String, Value> = named.as_object_mut().unwrap();
        named.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
    }
    components.retain(|_, named| named != &Value::Object(Map::new()));
    let operations = part["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap());
    let tags: BTreeSet<String> =
        operations.map(|(_, operation)| operation["tags"][0].as_str().unwrap().to_owned()).collect();
    part["tags"].as_array_mut().unwrap().retain(|tag| tags.contains(tag["name"].as_str().unwrap()));
    part
}
