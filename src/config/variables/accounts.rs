//! Accounts: sign-in, sessions, tokens, mail.

use domain::{Algorithm, SignUpMode};

use crate::config::{
    mail::TlsRequirement,
    parse,
    variable::{Declaration, Section, Variable, text, variable},
};

pub(super) static SECTIONS: [Section; 3] = [
    Section {
        id: "accounts",
        title: "Sign-in, sessions and retention",
        variables: &[
            &SIGN_UP.declaration,
            &PASSWORD_MIN.declaration,
            &REQUIRE_VERIFIED_EMAIL.declaration,
            &SESSION_LIFETIME.declaration,
            &SESSION_RENEW_AFTER.declaration,
            &SESSION_ABSOLUTE.declaration,
            &SESSION_SHORT.declaration,
            &BEARER_SESSIONS.declaration,
            &REFERENCE_HABITS.declaration,
            &KEEP_EVENTS.declaration,
            &KEEP_UNVERIFIED.declaration,
            &KEEP_CONVERSATIONS.declaration,
            &KEEP_IDLE_ACCOUNTS.declaration,
        ],
    },
    Section {
        id: "tokens",
        title: "Tokens for other services",
        variables: &[
            &JWT_ALGORITHM.declaration,
            &JWT_LIFETIME.declaration,
            &KEY_ROTATION.declaration,
            &AUDIENCE_SECRET,
            &AUDIENCE_SECRET_PREVIOUS,
            &CLIENT_SECRET,
            &CLIENT_SECRET_PREVIOUS,
        ],
    },
    Section {
        id: "mail",
        title: "Mail",
        variables: &[&MAIL_URL, &MAIL_FROM, &MAIL_TLS.declaration, &MAIL_CA, &OUTBOX],
    },
];

pub static SIGN_UP: Variable<SignUpMode> = variable("BOOKPLATE_SIGN_UP", parse::sign_up_mode)
    .default("open")
    .accepts("open, invite, domains:a.example.org,b.example.edu or closed")
    .summary(
        "Who may open an account: anybody, who has an invitation (`bookplate invite`), who has an address \
         of one of these domains (or an invitation), or nobody. With `domains:` \
         `BOOKPLATE_REQUIRE_VERIFIED_EMAIL` is on, because an address proves nothing until it is confirmed.",
    );

pub static PASSWORD_MIN: Variable<u32> = variable("BOOKPLATE_PASSWORD_MIN", parse::number::<8, 64>)
    .default("8")
    .accepts("a number from 8 to 64")
    .summary(
        "The fewest characters (UTF-16 code units) of a new password. Passwords that readers have \
         already stay valid.",
    );

pub static REQUIRE_VERIFIED_EMAIL: Variable<bool> =
    variable("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", parse::switch)
        .default("false")
        .accepts("true or false")
        .summary(
            "Whether sign-in needs a confirmed address. When on, sign-up and password reset never reveal \
         whether an address has an account. Refused where no mail can be sent. On with \
         `BOOKPLATE_SIGN_UP=domains:...`.",
        );

pub static SESSION_LIFETIME: Variable<i64> = variable("BOOKPLATE_SESSION_LIFETIME", parse::cookie_lifetime)
    .default("7d")
    .accepts("a time from 5m to 400d, such as 90m, 24h or 7d")
    .summary(
        "How long a session lives after sign-in or its last renewal when the reader chose \"Keep me \
         signed in\". At most `BOOKPLATE_SESSION_ABSOLUTE`.",
    );

pub static SESSION_RENEW_AFTER: Variable<i64> =
    variable("BOOKPLATE_SESSION_RENEW_AFTER", parse::cookie_lifetime)
        .default("24h")
        .accepts("a time from 5m to 400d, such as 90m, 24h or 7d")
        .summary(
            "The age at which such a session is renewed when it is used. Less than \
         `BOOKPLATE_SESSION_LIFETIME`.",
        );

pub static SESSION_ABSOLUTE: Variable<i64> = variable("BOOKPLATE_SESSION_ABSOLUTE", parse::absolute_lifetime)
    .default("90d")
    .accepts("a time from 5m to 3650d, such as 90m, 24h or 90d")
    .summary("The age at which every session ends, however often it was renewed.");

pub static SESSION_SHORT: Variable<i64> = variable("BOOKPLATE_SESSION_SHORT", parse::cookie_lifetime)
    .default("1d")
    .accepts("a time from 5m to 400d, such as 90m, 24h or 7d")
    .summary(
        "How long a session lives without \"Keep me signed in\", when the browser is not closed before. \
         At most `BOOKPLATE_SESSION_ABSOLUTE`.",
    );

pub static BEARER_SESSIONS: Variable<bool> =
    variable("BOOKPLATE_BEARER_SESSIONS", parse::switch).default("false").accepts("true or false").summary(
        "Whether a session's token is accepted as a bearer token, for clients without cookies; \
         `set-auth-token` and `set-auth-jwt` are then sent.",
    );

pub static REFERENCE_HABITS: Variable<bool> =
    variable("BOOKPLATE_REFERENCE_HABITS", parse::switch).default("false").accepts("true or false").summary(
        "Compatibility mode for an exact replacement of Better Auth: new passwords are judged by their \
         length alone, and changing the password leaves other browsers signed in unless the reader asks \
         to sign them out.",
    );

pub static KEEP_EVENTS: Variable<u32> = variable("BOOKPLATE_KEEP_EVENTS", parse::number::<1, 3650>)
    .default("365")
    .accepts("a number of days from 1 to 3650")
    .summary("How long an entry of the audit log (a sign-in, a changed password) is kept.");

pub static KEEP_UNVERIFIED: Variable<parse::Days> =
    variable("BOOKPLATE_KEEP_UNVERIFIED", parse::days_or_forever)
        .default("forever")
        .accepts("a number of days from 1 to 3650, or forever")
        .summary(
            "How long an account is kept whose address was never confirmed and that nobody is signed in to. \
         30 when `BOOKPLATE_REQUIRE_VERIFIED_EMAIL` is on.",
        );

pub static KEEP_CONVERSATIONS: Variable<parse::Days> =
    variable("BOOKPLATE_KEEP_CONVERSATIONS", parse::days_or_forever)
        .default("forever")
        .accepts("a number of days from 1 to 3650, or forever")
        .summary("How long a conversation is kept after its last message. Readers see it on \"Your data\".");

pub static KEEP_IDLE_ACCOUNTS: Variable<parse::Days> = variable(
    "BOOKPLATE_KEEP_IDLE_ACCOUNTS",
    parse::idle_days_or_forever,
)
.default("forever")
.accepts("a number of days from 60 to 3650, or forever")
.summary(
    "How long an account is kept that nobody signs in to or uses. Thirty days before it is deleted its \
             reader gets a mail; signing in keeps it. Refused where no mail can be sent.",
);

pub static JWT_ALGORITHM: Variable<Algorithm> = variable("BOOKPLATE_JWT_ALGORITHM", parse::algorithm)
    .default("ES256")
    .accepts("ES256, EdDSA or RS256; for HS256 declare an audience (docs/CONFIGURATION.md)")
    .summary("The algorithm of the published signing keys.");

pub static JWT_LIFETIME: Variable<i64> = variable("BOOKPLATE_JWT_LIFETIME", parse::seconds::<60, 3600>)
    .default("900")
    .accepts("a time from 60 to 3600 seconds, such as 900, 15m or 1h")
    .summary("How long a token lives.");

pub static KEY_ROTATION: Variable<parse::Days> = variable("BOOKPLATE_KEY_ROTATION", parse::days_or_off)
    .default("90")
    .accepts("a number of days from 1 to 3650, or off")
    .summary(
        "How long a signing key signs. Ten minutes before the next one does, it is published. Verifiers that read \
         the published keys again need not be told.",
    );

pub static AUDIENCE_SECRET: Declaration = text("BOOKPLATE_AUDIENCE_<NAME>_SECRET")
    .example("change-me-to-another-secret-of-32-bytes-or-more")
    .accepts("at least 32 bytes")
    .summary(
        "The secret of an audience declared in `bookplate.toml` with `algorithm = \"HS256\"`. `<NAME>` \
         is the audience's name in capitals, with `_` for everything but letters and digits.",
    );

pub static AUDIENCE_SECRET_PREVIOUS: Declaration = text("BOOKPLATE_AUDIENCE_<NAME>_SECRET_PREVIOUS")
    .example("change-me-to-what-stood-in-the-secret-of-the-audience-before")
    .accepts("at least 32 bytes")
    .summary(
        "The audience's previous secret while you change it: its tokens are still accepted by `GET \
         /api/auth/user`.",
    );

pub static CLIENT_SECRET: Declaration = text("BOOKPLATE_CLIENT_<ID>_SECRET")
    .example("change-me-to-the-secret-of-a-client-of-32-bytes-or-more")
    .accepts("at least 32 bytes")
    .summary(
        "The secret of a client declared in `bookplate.toml` that keeps one on a server of its own. `<ID>` is the client's \
         id in capitals, with `_` for `-`.",
    );

pub static CLIENT_SECRET_PREVIOUS: Declaration = text("BOOKPLATE_CLIENT_<ID>_SECRET_PREVIOUS")
    .example("change-me-to-what-stood-in-the-secret-of-the-client-before")
    .accepts("at least 32 bytes")
    .summary("The client's previous secret while you change it: it is still accepted.");

pub static MAIL_URL: Declaration = text("BOOKPLATE_MAIL_URL")
    .old_name("BOOKPLATE_SMTP_URL")
    .example("smtps://user:password@mail.example.org:465")
    .accepts(
        "smtps://user:password@host:465, smtp://host:587, resend://KEY, postmark://TOKEN, brevo://KEY or \
         https://SECRET@host/path",
    )
    .summary(
        "Where mail goes: to a mail server (`smtps://` is TLS from the first byte, `smtp://` becomes TLS with STARTTLS), \
         or over HTTPS to a provider or to an endpoint of your own. The older name beside this one is refused.",
    );

pub static MAIL_TLS: Variable<TlsRequirement> = variable("BOOKPLATE_MAIL_TLS", parse::mail_tls)
    .default("required")
    .accepts("required or off")
    .summary(
        "`off` lets `smtp://` do without TLS, for a relay in a private network; it is refused where the server's address is \
         a public one.",
    );

pub static MAIL_CA: Declaration =
    text("BOOKPLATE_MAIL_CA").example("/etc/ssl/private-ca.pem").accepts("the path of a PEM file").summary(
        "Certificate authorities that the mail server's certificate may come from, besides the public ones.",
    );

pub static OUTBOX: Declaration = text("BOOKPLATE_OUTBOX")
    .default("`outbox.jsonl` beside the database on localhost, else none")
    .example("data/outbox.jsonl")
    .accepts("the path of a file")
    .summary("Without a mail server: the file that each mail is written to, as a line of JSON.");

pub static MAIL_FROM: Declaration = text("BOOKPLATE_MAIL_FROM")
    .default("the book's name and `accounts@` the host of `BOOKPLATE_URL`")
    .example("My Book <accounts@example.org>")
    .accepts("an address, or a name and an address")
    .summary("The sender of mails.");
