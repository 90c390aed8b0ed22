//! The database contains nothing that opens a session.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::{
    Audience, AudienceKey, ClientInfo, ConversationAccess, Entropy, Flash, Settings, TokenSettings,
};
use rstest::rstest;
use testkit::{SeededEntropy, databases::Kind};

use crate::fixtures::book::{Book, PASSWORD, SECRET, settings, sign_in, with_bearer};

const SHARED: &str = "shared with the chatbot, 32 bytes or more";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_10_no_table_holds_a_cookie_a_token_a_key_or_a_secret(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let key = AudienceKey::Shared { secret: SHARED.to_owned().into(), previous: None };
    let audience = Audience {
        name: "chat".into(),
        aud: None,
        key,
        conversations: ConversationAccess::NONE,
        conversations_of: domain::ConversationsOf::Client,
    };
    let tokens = TokenSettings { audiences: vec![audience], ..settings().tokens };
    let book = Book::with(database, Settings { tokens, ..with_bearer() }).await;
    book.reader("ada").await;
    let signed_in =
        book.services.accounts.sign_in(sign_in("ada", PASSWORD), &ClientInfo::default()).await.unwrap();
    book.services.sessions.browser_state(&signed_in.session).set(Flash::ProfileSaved).await;
    let jwt = book.services.tokens.issue(&signed_in, Some("chat")).unwrap();

    let id = &signed_in.session.id;
    let (cookie, token) = (book.services.sessions.cookie_value(id), book.services.sessions.token(id));
    let (_, signature) = cookie.split_once('.').unwrap();
    let key = token[32..].to_owned();
    let key_bytes = u128::from_str_radix(&key, 16).unwrap().to_be_bytes();
    let reversed: Vec<u8> = key_bytes.iter().rev().copied().collect();
    let private = first_private_key();
    let signature_bytes = STANDARD.decode(signature).unwrap();
    let as_record_id = URL_SAFE_NO_PAD.encode(key_bytes);
    let (key_text, private_text) = (STANDARD.encode(key_bytes), STANDARD.encode(&private));
    let capitals = key.to_uppercase();
    let secrets: [(&str, &[u8]); 16] = [
        ("the cookie", cookie.as_bytes()),
        ("its signature", signature.as_bytes()),
        ("the signature's bytes", &signature_bytes),
        ("the token", token.as_bytes()),
        ("the key in hex", key.as_bytes()),
        ("the key in capitals", capitals.as_bytes()),
        ("the key's bytes", &key_bytes),
        ("the key's bytes reversed", &reversed),
        ("the key as tower-sessions writes it", as_record_id.as_bytes()),
        ("the key in base64", key_text.as_bytes()),
        ("the password", PASSWORD.as_bytes()),
        ("the server's secret", SECRET.as_bytes()),
        ("a shared secret", SHARED.as_bytes()),
        ("a token of the reader", jwt.as_bytes()),
        ("the private key's bytes", &private),
        ("the private key in base64", private_text.as_bytes()),
    ];
    for (name, bytes) in secrets {
        assert_eq!(book.database.rows_holding(bytes).await, Vec::<String>::new(), "{name}");
    }
    assert_eq!(
        book.database.rows_holding(id).await.len(),
        1,
        "the handle, which is public, is what names the row"
    );
    assert_eq!(book.database.rows_holding("profile-saved").await.len(), 1, "the record was looked into");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn no_table_holds_a_cookie_when_bearer_sessions_are_off(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let cookie = book.services.sessions.cookie_value(&signed_in.session.id);
    let (token, signature) = cookie.split_once('.').unwrap();
    for secret in [&cookie, token, signature] {
        assert_eq!(book.database.rows_holding(secret).await, Vec::<String>::new(), "{secret:?}");
    }
}

/// What the fake signer drew for its first key, sealed in the database.
fn first_private_key() -> Vec<u8> {
    let mut private = vec![0; 32];
    SeededEntropy::new(1 + (1 << 32)).fill(&mut private);
    private
}
