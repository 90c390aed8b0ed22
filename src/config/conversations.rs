//! What readers and chatbots may store.

use domain::ConversationLimits;

use super::{
    loader::Reading,
    variables::{self, Variable},
};

/// Sizes and counts. A part fits into a message, and a message into memory.
pub(super) fn limits(reading: &mut Reading<'_>) -> ConversationLimits {
    let usual = ConversationLimits::default();
    let limits = ConversationLimits {
        part_bytes: bytes(reading, &variables::MAX_PART, usual.part_bytes, 16 << 20),
        message_bytes: bytes(reading, &variables::MAX_MESSAGE, usual.message_bytes, 16 << 20),
        parts: usual.parts,
        messages: count(reading, &variables::MAX_MESSAGES, usual.messages),
        conversations: count(reading, &variables::MAX_CONVERSATIONS, usual.conversations),
        import_bytes: bytes(reading, &variables::MAX_IMPORT, usual.import_bytes, 1 << 30),
    };
    if limits.part_bytes > limits.message_bytes {
        reading.refuse(
            variables::MAX_PART.name,
            format!("a part of {} bytes is larger than a message may be", limits.part_bytes),
            format!("Give at most what {} gives", variables::MAX_MESSAGE.name),
        );
    }
    limits
}

/// At least a kilobyte, as `131072`, `128k` or `1m`.
fn bytes(reading: &mut Reading<'_>, variable: &Variable, usual: usize, most: usize) -> usize {
    let wanted = format!("a number of bytes from 1k to {}m, such as 131072, 128k or 1m", most >> 20);
    reading.parsed(variable, usual, &wanted, |text| {
        let lower = text.to_ascii_lowercase();
        let (digits, shift) = match lower.strip_suffix('k') {
            Some(digits) => (digits, 10),
            None => lower.strip_suffix('m').map_or((lower.as_str(), 0), |digits| (digits, 20)),
        };
        let number: usize = digits.trim().parse().ok()?;
        number.checked_mul(1 << shift).filter(|bytes| (1024..=most).contains(bytes))
    })
}

fn count(reading: &mut Reading<'_>, variable: &Variable, usual: u32) -> u32 {
    let wanted = "a whole number from 1 to 1000000";
    reading.parsed(variable, usual, wanted, |text| {
        text.parse().ok().filter(|count| (1..=1_000_000).contains(count))
    })
}
