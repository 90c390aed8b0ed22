//! A reader of our output that knows nothing but what we mean to write.
//!
//! It accepts far less than HTML: each tag in one spelling, every element closed where it has to be, each element with
//! the attributes it may have. What it accepts a browser reads in the same way, so there is nothing to mutate.

use crate::escape::is_hidden;

/// What a page shows of the output.
#[derive(Debug, Default)]
pub struct Seen {
    /// All text.
    pub text: String,
    /// Addresses of links, without those of citation marks.
    pub links: Vec<String>,
    /// Names of elements, in order.
    pub elements: Vec<String>,
    /// Ids of citation marks.
    pub ids: Vec<String>,
    /// How deeply elements were in each other.
    pub depth: usize,
}

/// Attributes of each element, all that it may have.
const ALLOWED: &[(&str, &[&str])] = &[
    ("a", &["href", "title", "rel", "id", "aria-label"]),
    ("blockquote", &["dir"]),
    ("br", &[]),
    ("code", &["dir"]),
    ("del", &[]),
    ("div", &["class", "tabindex", "role", "aria-label"]),
    ("em", &[]),
    ("h3", &["dir"]),
    ("h4", &["dir"]),
    ("h5", &["dir"]),
    ("h6", &["dir"]),
    ("hr", &[]),
    ("input", &["type", "disabled", "checked", "aria-label"]),
    ("li", &["dir"]),
    ("ol", &["start", "dir"]),
    ("p", &["class", "dir"]),
    ("pre", &["class", "tabindex", "role", "aria-label", "dir"]),
    ("span", &["class", "title"]),
    ("strong", &[]),
    ("sup", &["class"]),
    ("table", &["dir"]),
    ("tbody", &[]),
    ("td", &["class", "dir"]),
    ("th", &["scope", "class", "dir"]),
    ("thead", &[]),
    ("tr", &[]),
    ("ul", &["dir"]),
];
const CLASSES: &[&str] = &[
    "cite",
    "code",
    "code__box",
    "code__head",
    "code__lang",
    "mark",
    "prose__center",
    "prose__cites",
    "prose__end",
    "prose__raw",
    "prose__scroll",
];
const EMPTY: &[&str] = &["br", "hr", "input"];
const PHRASING: &[&str] = &["a", "br", "code", "del", "em", "input", "span", "strong", "sup"];
const RELATION: &str = "nofollow noopener noreferrer ugc";

type Tag = (String, Vec<(String, String)>);

/// Reads all of it, and panics at the first thing we never write. `prefix` is the one given to `to_html`.
pub fn read(html: &str, prefix: &str) -> Seen {
    let mut seen = Seen::default();
    let mut open: Vec<Tag> = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').expect("an end tag ends");
            assert_eq!(open.pop().expect("something is open").0, name, "{html}");
            rest = after;
        } else if let Some(after) = rest.strip_prefix('<') {
            let (tag, after) = start_tag(after);
            check(&tag, &open, prefix, &mut seen);
            if !EMPTY.contains(&tag.0.as_str()) {
                open.push(tag);
            }
            seen.depth = seen.depth.max(open.len());
            rest = after;
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let text = decoded(&rest[..end]);
            let holds_text = !matches!(
                open.last().map_or("", |tag| &tag.0),
                "" | "ul" | "ol" | "table" | "thead" | "tbody" | "tr" | "div"
            );
            assert!(holds_text || text.is_empty(), "text {text:?} between blocks in {html}");
            seen.text += &text;
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty(), "still open: {open:?} in {html}");
    seen
}

fn start_tag(text: &str) -> (Tag, &str) {
    let end = text.find([' ', '>']).expect("a tag ends");
    let name = text[..end].to_owned();
    let mut rest = &text[end..];
    let mut attributes = Vec::new();
    while let Some(after) = rest.strip_prefix(' ') {
        let (attribute, after) = after.split_once("=\"").expect("an attribute has a value");
        let (value, after) = after.split_once('"').expect("a value ends");
        assert!(!value.contains(['<', '>']), "{value}");
        attributes.push((attribute.to_owned(), decoded(value)));
        rest = after;
    }
    ((name, attributes), rest.strip_prefix('>').expect("a tag ends after its attributes"))
}

fn decoded(text: &str) -> String {
    assert!(!text.contains(['<', '>', '"', '\r']), "{text}");
    assert!(!text.contains(is_hidden), "{text:?}");
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').expect("an entity ends");
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            other => panic!("the entity {other}"),
        });
        out += after;
    }
    out
}

fn check((name, attributes): &Tag, open: &[Tag], prefix: &str, seen: &mut Seen) {
    let (_, allowed) =
        ALLOWED.iter().find(|(allowed, _)| allowed == name).unwrap_or_else(|| panic!("<{name}>"));
    let parent = open.last().map_or("", |(name, _)| name.as_str());
    check_parent(name, parent, open);
    let is_cite = open.last().is_some_and(|tag| is(tag, "class", "cite"));
    for (index, (attribute, value)) in attributes.iter().enumerate() {
        assert!(allowed.contains(&attribute.as_str()), "<{name} {attribute}>");
        assert!(attributes[..index].iter().all(|(before, _)| before != attribute), "{attribute} twice");
        match attribute.as_str() {
            "href" if is_cite => assert!(value.starts_with('#'), "{value}"),
            "href" => {
                check_address(value);
                seen.links.push(value.clone());
            }
            "rel" => assert_eq!(value, RELATION),
            "id" => {
                assert!(is_cite && value.starts_with(prefix), "the id {value}");
                seen.ids.push(value.clone());
            }
            "class" => assert!(CLASSES.contains(&value.as_str()), "the class {value}"),
            "dir" => assert_eq!(value, if matches!(name.as_str(), "code" | "pre") { "ltr" } else { "auto" }),
            "role" => assert_eq!(value, "group"),
            "tabindex" => assert_eq!(value, "0"),
            "type" => assert_eq!(value, "checkbox"),
            "scope" => assert_eq!(value, "col"),
            "start" => assert!(value.parse::<u64>().is_ok(), "{value}"),
            "disabled" | "checked" => assert_eq!(value, ""),
            "title" | "aria-label" => {}
            other => panic!("no rule for {other}"),
        }
    }
    let has = |attribute| attributes.iter().any(|(name, _)| name == attribute);
    match name.as_str() {
        "a" => assert!(
            has("href") && has("rel") != is_cite && has("aria-label") == is_cite && has("id") == is_cite
        ),
        "input" => assert!(has("disabled") && has("aria-label")),
        "span" => assert!(has("class")),
        _ => {}
    }
    seen.elements.push(name.clone());
}

fn is((_, attributes): &Tag, name: &str, value: &str) -> bool {
    attributes.iter().any(|attribute| attribute.0 == name && attribute.1 == value)
}

/// What a browser would move elsewhere does not occur.
fn check_parent(name: &str, parent: &str, open: &[Tag]) {
    let in_phrasing =
        PHRASING.contains(&parent) || matches!(parent, "p" | "h3" | "h4" | "h5" | "h6" | "th" | "td" | "pre");
    let fits = match name {
        "li" => matches!(parent, "ul" | "ol"),
        "thead" | "tbody" => parent == "table",
        "tr" => matches!(parent, "thead" | "tbody"),
        "td" | "th" => parent == "tr",
        "a" => {
            open.iter().all(|(name, _)| name != "a") && (in_phrasing || matches!(parent, "li" | "blockquote"))
        }
        name if PHRASING.contains(&name) => in_phrasing || matches!(parent, "li" | "blockquote" | "div"),
        _ => matches!(parent, "" | "li" | "blockquote" | "div"),
    };
    assert!(fits, "<{name}> in <{parent}>");
    let in_code = open.iter().any(|(name, _)| name == "code");
    assert!(!in_code || name == "span", "<{name}> in code");
}

fn check_address(address: &str) {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>');
    if let Some(mail) = address.strip_prefix("mailto:") {
        assert!(!mail.is_empty() && !mail.contains(is_hidden), "{address}");
        return;
    }
    assert!(address.chars().all(plain), "{address}");
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let host = rest.expect(address).split(['/', '?', '#']).next().unwrap_or_default();
    assert!(!host.is_empty() && !host.contains('@') && !host.contains('%'), "{address}");
}
