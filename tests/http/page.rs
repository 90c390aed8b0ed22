//! A parsed page: elements, labels, descriptions. Parses only the well-formed HTML that Leptos writes.

/// An element with the text inside it.
#[derive(Debug, Clone)]
pub struct Element {
    pub tag: String,
    attributes: Vec<(String, String)>,
    pub text: String,
    /// Indices of the ancestors, outermost first.
    around: Vec<usize>,
}

#[derive(Debug)]
pub struct Page {
    elements: Vec<Element>,
}

const VOID: [&str; 6] = ["meta", "link", "input", "img", "br", "hr"];
const RAW: [&str; 2] = ["script", "style"];

impl Element {
    /// The attribute's value; empty for one without a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn has_class(&self, class: &str) -> bool {
        self.get("class").is_some_and(|classes| classes.split(' ').any(|known| known == class))
    }

    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Page {
    pub fn read(html: &str) -> Self {
        let mut reader = Reader { rest: html, elements: Vec::new(), open: Vec::new() };
        while reader.step() {}
        Self { elements: reader.elements }
    }

    pub fn all<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.tag == tag)
    }

    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.elements.iter()
    }

    /// The only element with this tag.
    #[track_caller]
    pub fn one<'a>(&'a self, tag: &'a str) -> &'a Element {
        let found: Vec<_> = self.all(tag).collect();
        assert_eq!(found.len(), 1, "{tag}: {found:?}");
        found[0]
    }

    pub fn title(&self) -> &str {
        &self.one("title").text
    }

    pub fn by_id(&self, id: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.get("id") == Some(id))
    }

    /// The control with this name.
    pub fn control(&self, name: &str) -> Option<&Element> {
        let is_control = |it: &&Element| matches!(it.tag.as_str(), "input" | "select" | "textarea");
        self.elements.iter().filter(is_control).find(|it| it.get("name") == Some(name))
    }

    /// All visible controls.
    pub fn controls(&self) -> impl Iterator<Item = &Element> {
        let is_control = |it: &&Element| matches!(it.tag.as_str(), "input" | "select" | "textarea");
        self.elements.iter().filter(is_control).filter(|it| it.get("type") != Some("hidden"))
    }

    /// The label of a control.
    pub fn label(&self, control: &Element) -> Option<&str> {
        let around = control.around.iter().map(|at| &self.elements[*at]).find(|it| it.tag == "label");
        let id = control.get("id");
        let pointing = self.all("label").find(|label| id.is_some() && label.get("for") == id);
        around.or(pointing).map(|label| label.text.trim())
    }

    /// The value of the control with this name.
    pub fn value(&self, name: &str) -> Option<String> {
        let control = self.control(name)?;
        if control.tag != "select" {
            return control.get("value").map(str::to_owned);
        }
        let inside =
            |option: &&Element| option.around.iter().any(|at| self.elements[*at].get("name") == Some(name));
        let chosen = self.all("option").filter(inside).find(|option| option.has("selected"));
        chosen.and_then(|option| option.get("value")).map(str::to_owned)
    }

    /// The error message linked to the control with this name.
    pub fn error(&self, name: &str) -> Option<&str> {
        let control = self.control(name)?;
        let described =
            control.get("aria-describedby").unwrap_or_default().split(' ').filter(|id| !id.is_empty());
        let texts: Vec<_> = described
            .map(|id| {
                self.by_id(id).unwrap_or_else(|| panic!("{name} is described by {id}, which is not there"))
            })
            .collect();
        let error = texts.into_iter().find(|it| it.has_class("field__error"));
        assert_eq!(error.is_some(), control.get("aria-invalid") == Some("true"), "{name}");
        error.map(|error| error.text.as_str())
    }

    /// The error summary.
    pub fn problem(&self) -> Option<&Element> {
        self.elements.iter().find(|element| element.has_class("alert"))
    }

    /// The error summary's title.
    pub fn problem_title(&self) -> Option<&str> {
        self.elements.iter().find(|it| it.has_class("alert__title")).map(|it| it.text.as_str())
    }

    /// The elements inside this one.
    pub fn inside<'a>(&'a self, outer: &'a Element) -> impl Iterator<Item = &'a Element> {
        let at = self.elements.iter().position(|element| std::ptr::eq(element, outer)).unwrap();
        self.elements.iter().filter(move |element| element.around.contains(&at))
    }
}

struct Reader<'a> {
    rest: &'a str,
    elements: Vec<Element>,
    open: Vec<usize>,
}

impl Reader<'_> {
    /// Parses text up to the next tag, and the tag.
    fn step(&mut self) -> bool {
        let Some((text, rest)) = self.rest.split_once('<') else { return false };
        self.add(&unescaped(text));
        if let Some(comment) = rest.strip_prefix("!--") {
            self.rest = comment.split_once("-->").unwrap_or_default().1;
        } else if rest.starts_with('!') {
            self.rest = rest.split_once('>').unwrap_or_default().1;
        } else if let Some(closing) = rest.strip_prefix('/') {
            let (tag, rest) = closing.split_once('>').unwrap();
            self.rest = rest;
            let opened = self.open.iter().rposition(|at| self.elements[*at].tag == tag);
            self.open.truncate(opened.unwrap_or_else(|| panic!("</{tag}> closes nothing")));
        } else {
            self.rest = rest;
            self.opening();
        }
        true
    }

    fn opening(&mut self) {
        let end = self.rest.find([' ', '>', '/']).unwrap();
        let (tag, rest) = self.rest.split_at(end);
        let (attributes, rest) = attributes(rest);
        let tag = tag.to_owned();
        self.elements.push(Element {
            tag: tag.clone(),
            attributes,
            text: String::new(),
            around: self.open.clone(),
        });
        self.rest = rest;
        if RAW.contains(&tag.as_str()) {
            let (text, rest) = rest.split_once(&format!("</{tag}>")).unwrap();
            self.elements.last_mut().unwrap().text = text.to_owned();
            self.rest = rest;
        } else if !VOID.contains(&tag.as_str()) {
            self.open.push(self.elements.len() - 1);
        }
    }

    fn add(&mut self, text: &str) {
        for at in &self.open {
            self.elements[*at].text.push_str(text);
        }
    }
}

/// Parses the attributes of a tag; returns them and the rest.
fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '/', '\n']);
        if let Some(after) = rest.strip_prefix('>') {
            return (attributes, after);
        }
        let (name, after) = rest.split_at(rest.find(['=', ' ', '>']).unwrap());
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => match after.strip_prefix('=') {
                Some(bare) => bare.split_at(bare.find([' ', '>']).unwrap()),
                None => ("", after),
            },
        };
        attributes.push((name.to_owned(), unescaped(value)));
        rest = after;
    }
}

fn unescaped(text: &str) -> String {
    let named =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
