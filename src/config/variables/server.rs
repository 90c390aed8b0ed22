//! The server: addresses, database, secret, trust, log.

use std::net::IpAddr;

use crate::config::{
    database, origin, parse,
    variable::{Declaration, Section, Variable, text, variable},
};

pub(super) static SECTIONS: [Section; 4] = [
    Section {
        id: "address",
        title: "Address",
        variables: &[&HOST.declaration, &BOOKPLATE_HOST, &PORT.declaration, &URL],
    },
    Section {
        id: "database",
        title: "Database",
        variables: &[&DATABASE_URL, &DATABASE_POOL.declaration, &DATABASE_DIRECT_URL],
    },
    Section { id: "secret", title: "Secret", variables: &[&SECRET, &SECRET_PREVIOUS] },
    Section {
        id: "trust",
        title: "Trusted origins and proxies",
        variables: &[&TRUSTED_ORIGINS, &TRUSTED_PROXIES],
    },
];

pub(super) static OTHER: Section =
    Section { id: "other", title: "Other", variables: &[&CONFIG, &LOG.declaration, &SECURITY_CONTACT] };

pub static HOST: Variable<IpAddr> = variable("HOST", parse::ip_address)
    .default("127.0.0.1")
    .accepts("an IP address, such as 127.0.0.1 for this machine alone or 0.0.0.0 for every network")
    .summary("The address to listen on.");

pub static BOOKPLATE_HOST: Declaration =
    text("BOOKPLATE_HOST").default("`HOST`").example("127.0.0.1").accepts("an IP address").summary(
        "The same, read first: for environments in which another program sets `HOST`, such as conda's.",
    );

pub static PORT: Variable<u16> = variable("PORT", parse::port)
    .default("3001")
    .accepts("a number from 1 to 65535")
    .summary("The port to listen on.");

pub static URL: Declaration = text("BOOKPLATE_URL")
    .old_name("BETTER_AUTH_URL")
    .compared_by(origin::is_same)
    .default("`http://localhost:$PORT`")
    .example("https://accounts.example.org")
    .accepts("a scheme and a host, perhaps a port, without a path")
    .summary(
        "The public origin: where readers reach Bookplate, and the issuer (`iss`) of its tokens. It \
         must be https unless the host is this machine.",
    );

pub static DATABASE_URL: Declaration = text("DATABASE_URL")
    .old_name("NEON_DATABASE_URL")
    .compared_by(database::is_same)
    .default("sqlite://data/bookplate.db")
    .accepts("sqlite://PATH or postgres://user:password@host/database")
    .summary(
        "The database: a SQLite file, which is created with its folder, or a PostgreSQL server. The spellings of \
         SQLAlchemy (`postgresql+asyncpg://`), Prisma and Cloud SQL are understood; across the internet the server is \
         verified.",
    );

pub static DATABASE_POOL: Variable<u32> = variable("BOOKPLATE_DATABASE_POOL", parse::number::<1, 200>)
    .default("20")
    .accepts("a number from 1 to 200")
    .summary("The most connections to the database that one process opens.");

pub static DATABASE_DIRECT_URL: Declaration = text("DATABASE_DIRECT_URL")
    .default("`DATABASE_URL`")
    .example("postgres://user:password@host/database")
    .accepts("postgres://user:password@host/database")
    .summary(
        "The address of PostgreSQL without a transaction pooler, over which processes tell each other \
         about changed conversations. Refused with SQLite.",
    );

pub static SECRET: Declaration = text("BOOKPLATE_SECRET")
    .old_name("BETTER_AUTH_SECRET")
    .default("generated on localhost with SQLite, else required")
    .example("change-me-to-what-openssl-rand-base64-48-prints")
    .accepts("at least 32 characters, such as `openssl rand -base64 48` prints")
    .summary("Signs cookies and encrypts the signing keys. Examples such as this one are refused.");

pub static SECRET_PREVIOUS: Declaration = text("BOOKPLATE_SECRET_PREVIOUS")
    .example("change-me-to-what-stood-in-bookplate-secret-before")
    .accepts("at least 32 characters")
    .summary("The previous secret while you change it: what it signed and encrypted stays valid.");

pub static TRUSTED_ORIGINS: Declaration = text("BOOKPLATE_TRUSTED_ORIGINS")
    .old_name("CORS_ORIGINS")
    .example("https://book.example.org,https://chat.example.org")
    .accepts("origins separated by commas, or a JSON list; no patterns")
    .summary(
        "The origins of your book and chatbot, whose pages may send requests with a reader's cookie. \
         Bookplate's own is always trusted, and `http://localhost:3000` while Bookplate is on \
         localhost.",
    );

pub static TRUSTED_PROXIES: Declaration = text("BOOKPLATE_TRUSTED_PROXIES")
    .example("10.0.0.5,172.16.0.0/12")
    .accepts("IP addresses or networks separated by commas")
    .summary("The proxies whose `X-Forwarded-For` and `X-Request-Id` are believed.");

pub static CONFIG: Declaration =
    text("BOOKPLATE_CONFIG").default("bookplate.toml").accepts("the path of a file").summary(
        "The file with the book, its questions and the audiences. It may be missing while this is \
         unset.",
    );

pub static LOG: Variable<String> = variable("BOOKPLATE_LOG", parse::log_filter)
    .default("info")
    .accepts("off, error, warn, info, debug or trace, or a filter such as info,bookplate=debug")
    .summary("What is logged to standard error.");

pub static SECURITY_CONTACT: Declaration = text("BOOKPLATE_SECURITY_CONTACT")
    .default("the sender of mails with a mail server, else `BOOKPLATE_URL`")
    .example("security@example.org")
    .accepts("an address, mailto:... or the https:// address of a page")
    .summary("Whom to tell about a vulnerability, in `/.well-known/security.txt` (RFC 9116).");
