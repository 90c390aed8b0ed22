//! Lengths of time, as operators write them.

/// Seconds in a text such as `900`, `900s`, `15m` or `1h`.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(['s', 'm', 'h']);
    let unit = match text.strip_prefix(digits)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}
