//! Limits: rates and sizes.

use crate::config::{
    parse,
    variable::{Section, Variable, variable},
};

pub(super) static SECTIONS: [Section; 2] = [
    Section {
        id: "limits",
        title: "Rate limits",
        variables: &[
            &LIMIT_SIGN_IN.declaration,
            &LIMIT_NEW_ACCOUNTS.declaration,
            &LIMIT_MAIL.declaration,
            &LIMIT_REQUESTS.declaration,
            &LIMIT_CONVERSATIONS.declaration,
            &LIMIT_WRITTEN.declaration,
            &LIMIT_ACCOUNT.declaration,
            &LIMIT_RECIPIENT.declaration,
        ],
    },
    Section {
        id: "conversations",
        title: "Conversations",
        variables: &[
            &MAX_PART.declaration,
            &MAX_MESSAGE.declaration,
            &MAX_MESSAGES.declaration,
            &MAX_CONVERSATIONS.declaration,
            &MAX_IMPORT.declaration,
            &MAX_READER.declaration,
        ],
    },
];

const QUOTA: &str = "COUNT/SECONDS, such as 3/10 or 10/15m, with 1 to 100000 in 1 to 86400 seconds, or off";

pub static LIMIT_SIGN_IN: Variable<parse::Limit> = variable("BOOKPLATE_LIMIT_SIGN_IN", parse::quota)
    .default("3/10")
    .accepts(QUOTA)
    .summary("Sign-ins, changes of password or address, and codes from mails, by IP address and kind.");

pub static LIMIT_NEW_ACCOUNTS: Variable<parse::Limit> =
    variable("BOOKPLATE_LIMIT_NEW_ACCOUNTS", parse::quota).default("3/10").accepts(QUOTA).summary(
        "Sign-ups, by IP address; unless set, as `BOOKPLATE_LIMIT_SIGN_IN`. `300/120` lets a class of sixty \
         behind one address sign up in two minutes, wrong fields included, and gives nobody more guesses \
         at passwords.",
    );

pub static LIMIT_MAIL: Variable<parse::Limit> = variable("BOOKPLATE_LIMIT_MAIL", parse::quota)
    .default("3/60")
    .accepts(QUOTA)
    .summary("Requests that send a mail, by IP address, and exports of all data, by reader.");

pub static LIMIT_REQUESTS: Variable<parse::Limit> = variable("BOOKPLATE_LIMIT_REQUESTS", parse::quota)
    .default("100/10")
    .accepts(QUOTA)
    .summary("Any other request, by IP address and path; each process counts for itself.");

pub static LIMIT_CONVERSATIONS: Variable<parse::Limit> =
    variable("BOOKPLATE_LIMIT_CONVERSATIONS", parse::quota).default("1000/10").accepts(QUOTA).summary(
        "Reads and writes of conversations, each by reader; each process counts for itself. A streamed \
         answer is some 40 writes a second.",
    );

pub static LIMIT_WRITTEN: Variable<parse::Limit> = variable(
    "BOOKPLATE_LIMIT_WRITTEN_BYTES",
    parse::byte_rate,
)
.default("20m/60")
.accepts("BYTES/SECONDS, such as 20m/60 or 512k/10s, with 1k to 1024m in 1 to 86400 seconds, or off")
.summary(
    "Bytes of JSON in the messages that one reader writes, imports excepted; each process counts for itself. \
             Whoever writes steadily is not held to account for what was longer ago.",
);

pub static LIMIT_ACCOUNT: Variable<parse::Limit> =
    variable("BOOKPLATE_LIMIT_ACCOUNT", parse::quota).default("10/900").accepts(QUOTA).summary(
        "Passwords tried at one account from all unknown browsers together, and from each known browser \
         and session.",
    );

pub static LIMIT_RECIPIENT: Variable<parse::Limit> =
    variable("BOOKPLATE_LIMIT_RECIPIENT", parse::quota).default("5/3600").accepts(QUOTA).summary(
        "Mails of one kind to one address that somebody else could ask for, and notices to an address \
         that was never confirmed.",
    );

pub static MAX_PART: Variable<usize> = variable("BOOKPLATE_MAX_PART_BYTES", parse::bytes::<{ 16 << 20 }>)
    .default("128k")
    .accepts("a number of bytes from 1k to 16m, such as 131072, 128k or 1m")
    .summary("The largest part of a message, in JSON. At most `BOOKPLATE_MAX_MESSAGE_BYTES`.");

pub static MAX_MESSAGE: Variable<usize> =
    variable("BOOKPLATE_MAX_MESSAGE_BYTES", parse::bytes::<{ 16 << 20 }>)
        .default("512k")
        .accepts("a number of bytes from 1k to 16m, such as 131072, 128k or 1m")
        .summary(
            "The largest message with its `usage`, `raw` and `metadata`, in JSON. A request body may hold \
         four of that size.",
        );

pub static MAX_MESSAGES: Variable<u32> = variable("BOOKPLATE_MAX_MESSAGES", parse::number::<1, 1_000_000>)
    .default("10000")
    .accepts("a whole number from 1 to 1000000")
    .summary("The most messages of one conversation, on all its branches.");

pub static MAX_CONVERSATIONS: Variable<u32> =
    variable("BOOKPLATE_MAX_CONVERSATIONS", parse::number::<1, 1_000_000>)
        .default("10000")
        .accepts("a whole number from 1 to 1000000")
        .summary("The most conversations of one reader; deleted ones do not count.");

pub static MAX_IMPORT: Variable<usize> =
    variable("BOOKPLATE_MAX_IMPORT_BYTES", parse::bytes::<{ 1024 << 20 }>)
        .default("32m")
        .accepts("a number of bytes from 1k to 1024m, such as 131072, 128k or 1m")
        .summary("The largest file of conversations that can be imported.");

pub static MAX_READER: Variable<usize> =
    variable("BOOKPLATE_MAX_READER_BYTES", parse::bytes::<{ 1 << 40 }>)
        .default("64m")
        .accepts("a number of bytes from 1k to 1048576m, such as 67108864, 65536k or 64m")
        .summary(
            "What all conversations of one reader take up together, in bytes of JSON; deleted ones count until they are \
             purged. At least `BOOKPLATE_MAX_MESSAGE_BYTES`.",
        );
