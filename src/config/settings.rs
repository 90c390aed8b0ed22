//! Variables that become one type of the domain, with the checks between them.

use domain::{ConversationLimits, LimitSettings, Retention, SessionSettings, SignUpMode};

use super::{
    Mail,
    loader::Loader,
    variable::Variable,
    variables::{
        KEEP_CONVERSATIONS, KEEP_EVENTS, KEEP_IDLE_ACCOUNTS, KEEP_UNVERIFIED, LIMIT_ACCOUNT,
        LIMIT_CONVERSATIONS, LIMIT_MAIL, LIMIT_NEW_ACCOUNTS, LIMIT_RECIPIENT, LIMIT_REQUESTS, LIMIT_SIGN_IN,
        LIMIT_WRITTEN, MAIL_URL, MAX_CONVERSATIONS, MAX_IMPORT, MAX_MESSAGE, MAX_MESSAGES, MAX_PART,
        MAX_READER, OUTBOX, REFERENCE_HABITS, REQUIRE_VERIFIED_EMAIL, SESSION_ABSOLUTE, SESSION_LIFETIME,
        SESSION_RENEW_AFTER, SESSION_SHORT, SIGN_UP,
    },
};

/// Days after which an account whose address was never confirmed is removed, where sign-in needs a confirmed one.
const UNVERIFIED_DAYS_WHERE_REQUIRED: u32 = 30;

pub(super) fn sessions(loader: &mut Loader<'_>) -> SessionSettings {
    let settings = SessionSettings {
        lifetime: loader.read(&SESSION_LIFETIME),
        renew_after: loader.read(&SESSION_RENEW_AFTER),
        absolute: loader.read(&SESSION_ABSOLUTE),
        short: loader.read(&SESSION_SHORT),
    };
    if settings.renew_after >= settings.lifetime {
        let remedy = format!("Give less than {} gives", SESSION_LIFETIME.name());
        loader.refuse(SESSION_RENEW_AFTER.name(), "a session would end before it is renewed", remedy);
    }
    let mut check_absolute = |variable: &Variable<i64>, seconds| {
        if seconds > settings.absolute {
            let remedy = format!("Give at most what {} gives", SESSION_ABSOLUTE.name());
            loader.refuse(variable.name(), "no session lives that long", remedy);
        }
    };
    check_absolute(&SESSION_LIFETIME, settings.lifetime);
    check_absolute(&SESSION_SHORT, settings.short);
    settings
}

pub(super) fn rate_limits(loader: &mut Loader<'_>) -> LimitSettings {
    let sign_in = loader.read(&LIMIT_SIGN_IN);
    let limits = LimitSettings {
        sign_in,
        sign_up: loader.read_or(&LIMIT_NEW_ACCOUNTS, sign_in),
        mail: loader.read(&LIMIT_MAIL),
        password_attempts: loader.read(&LIMIT_ACCOUNT),
        recipient: loader.read(&LIMIT_RECIPIENT),
        requests: loader.read(&LIMIT_REQUESTS),
        conversations: loader.read(&LIMIT_CONVERSATIONS),
    };
    if limits.sign_in.is_none() && limits.password_attempts.is_none() {
        loader.warn(format!(
            "{} and {} are both off: passwords can be tried without end.",
            LIMIT_SIGN_IN.name(),
            LIMIT_ACCOUNT.name()
        ));
    }
    limits
}

pub(super) fn conversations(loader: &mut Loader<'_>) -> ConversationLimits {
    let limits = ConversationLimits {
        part_bytes: loader.read(&MAX_PART),
        message_bytes: loader.read(&MAX_MESSAGE),
        messages: loader.read(&MAX_MESSAGES),
        conversations: loader.read(&MAX_CONVERSATIONS),
        import_bytes: loader.read(&MAX_IMPORT),
        reader_bytes: loader.read(&MAX_READER),
        written: loader.read(&LIMIT_WRITTEN),
        ..ConversationLimits::default()
    };
    if limits.reader_bytes < limits.message_bytes {
        loader.refuse(
            MAX_READER.name(),
            format!("{} bytes have no room for the largest message", limits.reader_bytes),
            format!("Give at least what {} gives", MAX_MESSAGE.name()),
        );
    }
    if limits.part_bytes > limits.message_bytes {
        loader.refuse(
            MAX_PART.name(),
            format!("a part of {} bytes is larger than a message may be", limits.part_bytes),
            format!("Give at most what {} gives", MAX_MESSAGE.name()),
        );
    }
    limits
}

/// Where sign-in needs a confirmed address, an account without one is of no use and is kept for a month unless the
/// operator says otherwise.
pub(super) fn retention(loader: &mut Loader<'_>, require_verified_email: bool, mail: &Mail) -> Retention {
    let default = if require_verified_email {
        Some(UNVERIFIED_DAYS_WHERE_REQUIRED)
    } else {
        KEEP_UNVERIFIED.default_value()
    };
    let idle_account_days = loader.read(&KEEP_IDLE_ACCOUNTS);
    if idle_account_days.is_some() && !is_mail_given(loader, mail) {
        let problem = "no mail can be sent here, so no reader could be told before an account is deleted";
        let remedy = format!("Set {} (or {} for a trial), or leave this out", MAIL_URL.name, OUTBOX.name);
        loader.refuse(KEEP_IDLE_ACCOUNTS.name(), problem, remedy);
    }
    Retention {
        conversation_days: loader.read(&KEEP_CONVERSATIONS),
        idle_account_days,
        events_days: loader.read(&KEEP_EVENTS),
        unverified_days: loader.read_or(&KEEP_UNVERIFIED, default),
    }
}

/// Whether the laxer rules of Better Auth apply, which is logged at start.
pub(super) fn reference_habits(loader: &mut Loader<'_>) -> bool {
    let on = loader.read(&REFERENCE_HABITS);
    if on {
        loader.warn(format!(
            "{} is on: new passwords are judged by their length alone, and changing the password leaves other \
             browsers signed in unless the reader asks to sign them out.",
            REFERENCE_HABITS.name()
        ));
    }
    on
}

/// Who may sign up, and whether sign-in needs a confirmed address: where domains are given it does, and may not be switched
/// off. Refused where no mail can be sent, because nobody could confirm one.
pub(super) fn sign_up(loader: &mut Loader<'_>, mail: &Mail) -> (SignUpMode, bool) {
    let mode = loader.read(&SIGN_UP);
    let by_domain = matches!(mode, SignUpMode::Domains(_));
    let on = loader.read_or(&REQUIRE_VERIFIED_EMAIL, by_domain);
    if by_domain && !on {
        loader.refuse(
            REQUIRE_VERIFIED_EMAIL.name(),
            format!("an address of a domain of {} proves nothing until it is confirmed", SIGN_UP.name()),
            "Leave this out or switch it on",
        );
    }
    let blamed = if by_domain { SIGN_UP.name() } else { REQUIRE_VERIFIED_EMAIL.name() };
    if on && !is_mail_given(loader, mail) {
        let problem = "no mail can be sent here, so nobody could confirm an address and sign in";
        let otherwise = if by_domain { "give another mode" } else { "switch this off" };
        let remedy = format!("Set {} (or {} for a trial), or {otherwise}", MAIL_URL.name, OUTBOX.name);
        loader.refuse(blamed, problem, remedy);
    }
    (mode, on)
}

/// Whether mail can be sent. A destination that is given and cannot be used has been refused already, and one mistake is
/// reported once, so it counts.
fn is_mail_given(loader: &mut Loader<'_>, mail: &Mail) -> bool {
    let is_given = [&MAIL_URL, &OUTBOX].into_iter().any(|variable| loader.value(variable).is_some());
    is_given || mail.is_sent()
}
