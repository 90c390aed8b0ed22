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

#[tokio::test]
async fn preflights_are_answered_and_a_wrong_method_is_no_page() {
    let app = app().await;
    let asking = |origin: &str, path: &str, method: &str| {
        let client = app.script().sending("origin", origin).sending("access-control-request-method", method);
        let request = client.request(http::Method::OPTIONS, path);
        (client, request)
    };
    for (path, method) in [("/oauth2/userinfo", "GET"), ("/oauth2/revoke", "POST"), ("/oauth2/token", "POST")]
    {
        let (mut client, request) = asking("https://book.example.org", path, method);
        let reply = client.send(request, "").await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("https://book.example.org"), "{path}");
        assert!(reply.header("access-control-allow-headers").unwrap().contains("authorization"), "{path}");
        let (mut client, request) = asking("https://evil.example", path, method);
        assert_eq!(client.send(request, "").await.header("access-control-allow-origin"), None, "{path}");
    }
    let (mut client, request) = asking("https://anybody.example", "/.well-known/jwks.json", "GET");
    assert_eq!(client.send(request, "").await.header("access-control-allow-origin"), Some("*"));
    let wrong = app.script().get("/oauth2/token").await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["error"].as_str()), (405, Some("invalid_request")));
}
