use super::app;

#[tokio::test]
async fn what_is_discovered_is_the_same_in_both_places_and_every_address_is_there() {
    let app = app().await;
    let mut anybody = app.script().sending("origin", "https://anybody.example");
    let found = anybody.get("/.well-known/openid-configuration").await;
    assert_eq!(found.json(), anybody.get("/.well-known/oauth-authorization-server").await.json());
    assert_eq!(found.header("access-control-allow-origin"), Some("*"));
    assert_eq!(found.header("cache-control"), Some("public, max-age=300"));
    let metadata = found.json();
    assert_eq!(metadata["issuer"], "https://accounts.example.com");
    assert_eq!(metadata["id_token_signing_alg_values_supported"], serde_json::json!(["ES256"]));
    for (name, endpoint) in metadata.as_object().unwrap() {
        let Some(path) = endpoint.as_str().and_then(|it| it.strip_prefix("https://accounts.example.com/"))
        else {
            continue;
        };
        let reply = anybody.get(&format!("/{path}")).await;
        assert_ne!(reply.status, 404, "{name}");
    }
    let keys = anybody.get("/.well-known/jwks.json").await;
    assert_eq!(keys.json(), anybody.get("/api/auth/jwks").await.json());
    assert_eq!(keys.header("access-control-allow-origin"), Some("*"));
}
