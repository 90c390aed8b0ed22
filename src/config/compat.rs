//! What can be switched on.

use super::{Mail, loader::Reading, variables};

/// Whether the reference's laxer habits are followed, which is said at start.
pub(super) fn reference_habits(reading: &mut Reading<'_>) -> bool {
    let name = variables::REFERENCE_HABITS.name;
    let on = reading.switch(&variables::REFERENCE_HABITS);
    if on {
        reading.notice(format!(
            "{name} is on: new passwords are judged by their length alone, and changing the password leaves other \
             browsers signed in unless the reader asks to sign them out."
        ));
    }
    on
}

/// Whether sign-in needs a confirmed address, which nobody could have where no mail can be sent.
pub(super) fn require_verified_email(reading: &mut Reading<'_>, mail: &Mail) -> bool {
    let on = reading.switch(&variables::REQUIRE_VERIFIED_EMAIL);
    let (server, outbox) = (&variables::SMTP_URL, &variables::OUTBOX);
    // One that is given and cannot be used has been refused, and would be blamed a second time.
    let given = [server, outbox].into_iter().any(|variable| reading.value(variable).is_some());
    if on && !given && !mail.is_sent() {
        let wrong = "no mail can be sent here, so nobody could confirm an address and sign in";
        let remedy = format!("Set {} (or {} for a trial), or switch this off", server.name, outbox.name);
        reading.refuse(variables::REQUIRE_VERIFIED_EMAIL.name, wrong, remedy);
    }
    on
}
