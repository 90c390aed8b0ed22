//! Device descriptions from the `User-Agent` header (RFC 9110 section 10.1.5), for readers who ask "was that me?": a few
//! well-known names, and at most one plain word of the header itself.

/// Browsers and apps by a token of theirs. Those that include the tokens of others come first.
const BROWSERS: [(&str, &str); 21] = [
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("Vivaldi/", "Vivaldi"),
    ("UCBrowser/", "UC Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Opera", "Opera"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("Edg/", "Edge"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "A program (HeadlessChrome)"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
];

/// Systems by a token of theirs. Those that include the tokens of others come first.
const SYSTEMS: [(&str, &str); 11] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("iPod", "iPod"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows Phone", "Windows Phone"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// The description of an unknown user agent.
const UNKNOWN: &str = "Unknown device";
/// The longest program name that is repeated.
const MAX_WORD: usize = 20;
/// The most characters that are parsed; browsers send less than half of that.
const MAX_PARSED: usize = 512;

/// "Firefox on Windows", "Safari on iPhone", "A program (curl)", or "Unknown device".
///
/// The header is the client's own claim: nothing may depend on it.
pub fn describe_device(user_agent: &str) -> String {
    let start = user_agent
        .char_indices()
        .nth(MAX_PARSED)
        .map_or(user_agent, |(end, _)| user_agent.get(..end).unwrap_or_default());
    if let Some(name) = robot(start) {
        return format!("A program ({name})");
    }
    if !start.starts_with("Mozilla/") && !start.starts_with("Opera/") {
        return program(start);
    }
    match (browser(start), first(&SYSTEMS, start)) {
        (Some(program), _) if program.starts_with("A program") => program.to_owned(),
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => UNKNOWN.to_owned(),
    }
}

fn browser(text: &str) -> Option<&'static str> {
    let safari = || (text.contains("Safari/") && text.contains("Version/")).then_some("Safari");
    let explorer = || (text.contains("Trident/") || text.contains("MSIE ")).then_some("Internet Explorer");
    first(&BROWSERS, text).or_else(safari).or_else(explorer)
}

fn first(tokens: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    tokens.iter().find(|(token, _)| text.contains(token)).map(|(_, name)| *name)
}

/// The name of a robot that otherwise looks like a browser: the word that ends with "bot".
fn robot(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mut bots = words.filter(|word| word.to_ascii_lowercase().ends_with("bot"));
    bots.find(|word| (4..=MAX_WORD).contains(&word.len()))
}

/// The name before the first slash, as `curl/8.5.0` has it.
fn program(text: &str) -> String {
    let name = text.split(['/', ' ']).next().unwrap_or_default();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let a_word = (2..=MAX_WORD).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && a_word { format!("A program ({name})") } else { UNKNOWN.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn browsers_have_their_common_names() {
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        let linux = "Mozilla/5.0 (X11; Linux x86_64)";
        let android = "Mozilla/5.0 (Linux; Android 10; K)";
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)";
        let ipad = "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X)";
        let (webkit, old) =
            ("AppleWebKit/605.1.15 (KHTML, like Gecko)", "AppleWebKit/537.36 (KHTML, like Gecko)");
        for (system, rest, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0)",
                "Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0)",
                "Gecko/20100101 Firefox/140.0",
                "Firefox on Mac",
            ),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0)",
                "Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:140.0)", "Gecko/140.0 Firefox/140.0", "Firefox on Android"),
            (iphone, &format!("{webkit} FxiOS/140.0 Mobile/15E148 Safari/605.1.15"), "Firefox on iPhone"),
            (windows, &format!("{old} Chrome/138.0.0.0 Safari/537.36"), "Chrome on Windows"),
            (mac, &format!("{old} Chrome/138.0.0.0 Safari/537.36"), "Chrome on Mac"),
            (linux, &format!("{old} Chrome/138.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (android, &format!("{old} Chrome/138.0.0.0 Mobile Safari/537.36"), "Chrome on Android"),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)",
                &format!("{old} Chrome/138.0.0.0 Safari/537.36"),
                "Chrome on ChromeOS",
            ),
            (iphone, &format!("{webkit} CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1"), "Chrome on iPhone"),
            (ipad, &format!("{webkit} CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1"), "Chrome on iPad"),
            (mac, &format!("{webkit} Version/18.5 Safari/605.1.15"), "Safari on Mac"),
            (iphone, &format!("{webkit} Version/18.5 Mobile/15E148 Safari/604.1"), "Safari on iPhone"),
            (ipad, &format!("{webkit} Version/17.6 Mobile/15E148 Safari/604.1"), "Safari on iPad"),
            (windows, &format!("{old} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.3351.55"), "Edge on Windows"),
            (
                android,
                &format!("{old} Chrome/138.0.0.0 Mobile Safari/537.36 EdgA/138.0.3351.55"),
                "Edge on Android",
            ),
            (
                iphone,
                &format!("{webkit} Version/18.0 EdgiOS/138.0.3351.55 Mobile/15E148 Safari/604.1"),
                "Edge on iPhone",
            ),
            (windows, &format!("{old} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763"), "Edge on Windows"),
            (windows, &format!("{old} Chrome/137.0.0.0 Safari/537.36 OPR/121.0.0.0"), "Opera on Windows"),
            (linux, &format!("{old} Chrome/137.0.0.0 Safari/537.36 OPR/121.0.0.0"), "Opera on Linux"),
            (
                windows,
                &format!("{old} Chrome/136.0.0.0 Safari/537.36 Vivaldi/7.4.3684.43"),
                "Vivaldi on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B)",
                &format!("{old} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet on Android",
            ),
            (
                iphone,
                &format!("{webkit} Version/18.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15"),
                "DuckDuckGo on iPhone",
            ),
            (linux, &format!("{old} HeadlessChrome/138.0.0.0 Safari/537.36"), "A program (HeadlessChrome)"),
            (
                "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0)",
                "like Gecko",
                "Internet Explorer on Windows",
            ),
            (iphone, &format!("{webkit} Mobile/15E148 Instagram 300.0.0.0"), "A browser on iPhone"),
            ("Opera/9.80 (Windows NT 6.1)", "Presto/2.12.388 Version/12.18", "Opera on Windows"),
        ] {
            assert_eq!(describe_device(&format!("{system} {rest}")), expected, "{system} {rest}");
        }
    }

    #[test]
    fn programs_have_their_own_names() {
        for (agent, expected) in [
            ("curl/8.5.0", "A program (curl)"),
            ("Wget/1.21.4", "A program (Wget)"),
            ("node", "A program (node)"),
            ("undici", "A program (undici)"),
            ("python-requests/2.32.3", "A program (python-requests)"),
            ("python-httpx/0.27.0", "A program (python-httpx)"),
            ("Python-urllib/3.11", "A program (Python-urllib)"),
            ("Go-http-client/2.0", "A program (Go-http-client)"),
            ("okhttp/4.12.0", "A program (okhttp)"),
            ("PostmanRuntime/7.43.0", "A program (PostmanRuntime)"),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "A program (Googlebot)",
            ),
            (
                "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
                "A program (bingbot)",
            ),
        ] {
            assert_eq!(describe_device(agent), expected, "{agent}");
        }
    }

    #[test]
    fn other_user_agents_are_unknown_devices() {
        for agent in [
            "",
            " ",
            "x",
            "/",
            "Mozilla/5.0",
            "http://evil.example/login",
            "<b>bold</b>",
            "ä",
            "1.2.3.4",
            "a.b/1",
        ] {
            assert_eq!(describe_device(agent), UNKNOWN, "{agent}");
        }
        assert_eq!(describe_device(&"a".repeat(400)), UNKNOWN);
        assert_eq!(describe_device(&format!("{}bot/1", "a".repeat(400))), UNKNOWN);
    }

    proptest! {
        #[test]
        fn no_user_agent_puts_more_than_a_plain_word_into_a_mail(agent in any::<String>()) {
            let words = describe_device(&agent);
            prop_assert!(words.len() <= 60, "{}", words);
            prop_assert!(words.chars().all(|c| c.is_ascii_alphanumeric() || " ()-_".contains(c)), "{}", words);
        }
    }
}
