//! `bookplate.toml`: the book, its questions, the audiences of tokens and the clients.
//!
//! Each table and key is read by itself, so that one mistake does not hide the next, and each is reported with its line.
//! The parser's own message is not shown as it is: it quotes the line, which may hold a secret that does not belong there.

use std::ops::Range;

use contract::{Question, Questions};
use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue, ValueDeserializer},
};

use super::{
    Book, audiences, book, clients,
    loader::{Loader, RawValue},
    source_file::SourceFile,
    text_file, variables,
};

const SECTIONS: &str = "Only [book], [[questions]], [[audiences]] and [[clients]] can stand here; the rest are \
                        variables (docs/CONFIGURATION.md)";

/// The declarations of the file.
pub(super) struct Declared {
    pub(super) book: Book,
    pub(super) questions: Questions,
    pub(super) audiences: Vec<(usize, audiences::Declaration)>,
    pub(super) clients: Vec<(usize, clients::Declaration)>,
    pub(super) file: SourceFile,
}

/// Reads the file, which may be missing unless a variable names it.
pub(super) fn read(loader: &mut Loader<'_>) -> Declared {
    let file = open(loader).unwrap_or_default();
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    for error in &errors {
        refuse_syntax(loader, &file, error, None);
    }
    let mut declared = Declared {
        book: Book::default(),
        questions: Questions::default(),
        audiences: Vec::new(),
        clients: Vec::new(),
        file: SourceFile { name: file.name.clone(), text: file.text.clone() },
    };
    if errors.is_empty() {
        for (key, value) in table.into_inner() {
            section(loader, &mut declared, key.get_ref(), (key.span(), value));
        }
    }
    declared
}

fn open(loader: &mut Loader<'_>) -> Option<SourceFile> {
    let found = loader.value(&variables::CONFIG);
    let name = found.as_ref().map_or(variables::CONFIG.default, |found| found.text).to_owned();
    match text_file::read(&loader.path(&name)) {
        Ok(text) => Some(SourceFile { name, text }),
        Err(error) if error.is_not_found() && found.is_none() => None,
        Err(error) => {
            let blamed = found.map_or(name.clone(), |RawValue { name, .. }| name);
            let problem = format!("{name:?} {error}");
            loader.refuse(
                &blamed,
                problem,
                error.remedy("Give the path of a readable file, or leave it out"),
            );
            None
        }
    }
}

fn section(
    loader: &mut Loader<'_>,
    declared: &mut Declared,
    key: &str,
    (at, value): (Range<usize>, Spanned<DeValue<'_>>),
) {
    let file = &declared.file;
    match key {
        "book" => {
            // Its keys are independent of each other, so those that can be read are validated.
            if let Some(read) = table::<book::Declaration>(loader, file, value) {
                declared.book = read.table.validate(loader, file);
            }
        }
        "questions" => {
            let count = value.get_ref().as_array().map(|array| array.len());
            let questions: Vec<Question> =
                tables(loader, file, value, "[[questions]]").map(|(_, it)| it).collect();
            // With one of them unreadable, those that depend on it would be blamed too.
            if Some(questions.len()) == count {
                match Questions::declare(questions) {
                    Ok(questions) => declared.questions = questions,
                    Err(sentences) => {
                        for sentence in sentences {
                            refuse_sentence(loader, &file.name, &sentence);
                        }
                    }
                }
            }
        }
        "audiences" => declared.audiences = tables(loader, file, value, "[[audiences]]").collect(),
        "clients" => declared.clients = tables(loader, file, value, "[[clients]]").collect(),
        other => file.refuse(loader, at.start, &format!("{other:?} is not known"), SECTIONS),
    }
}

/// Every table of a list that can be read whole, with its byte offset.
fn tables<T: DeserializeOwned>(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    value: Spanned<DeValue<'_>>,
    form: &str,
) -> std::vec::IntoIter<(usize, T)> {
    let at = value.span().start;
    let mut read = Vec::new();
    match value.into_inner() {
        DeValue::Array(items) => {
            for item in items {
                let at = item.span().start;
                // Without a key that could not be read, the rest might be blamed for what is not its fault.
                let whole = table(loader, file, item).filter(|read: &Table<T>| read.whole);
                read.extend(whole.map(|read| (at, read.table)));
            }
        }
        _ => file.refuse(loader, at, "this is no list", format!("Begin each entry with {form}")),
    }
    read.into_iter()
}

/// The readable part of a table.
struct Table<T> {
    /// Without the keys that were refused.
    table: T,
    /// Whether only unknown keys were refused.
    whole: bool,
}

/// Reads a table. A key that it does not have, a value of a wrong type and a key that is missing are each refused, and
/// keep none of the others from being checked: the one is taken out, the other filled in. `None` when something was filled
/// in, or cannot be put down to a key.
fn table<T: DeserializeOwned>(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    mut value: Spanned<DeValue<'_>>,
) -> Option<Table<T>> {
    let span = value.span();
    let (mut taken, mut filled) = (Vec::new(), Vec::new());
    loop {
        let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(table) => return filled.is_empty().then_some(Table { table, whole: taken.is_empty() }),
            Err(error) => error,
        };
        let message = error.message();
        if message.starts_with("question ") && !(taken.is_empty() && filled.is_empty()) {
            // It may be about what was taken out or filled in.
            return None;
        }
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        if !missing.is_some_and(|name| taken.iter().any(|it| it == name)) {
            refuse_syntax(loader, file, &error, Some(span.clone()));
        }
        let DeValue::Table(keys) = value.get_mut() else { return None };
        if let Some(key) = at_fault(keys, &error) {
            let unknown = key.span() == error.span().unwrap_or_default();
            keys.remove(&key);
            if !unknown {
                taken.push(key.into_inner().into_owned());
            }
        } else {
            let name = missing.filter(|name| !filled.iter().any(|it| it == name))?;
            keys.insert(Spanned::new(0..0, name.to_owned().into()), Spanned::new(0..0, filler()));
            filled.push(name.to_owned());
        }
    }
}

/// The key an error is about: it does not exist, or its value cannot be read.
fn at_fault<'a>(keys: &DeTable<'a>, error: &toml::de::Error) -> Option<Spanned<DeString<'a>>> {
    let at = error.span()?;
    let holds = |span: Range<usize>| span.start <= at.start && at.end <= span.end && !span.is_empty();
    let about = |(key, value): &(&Spanned<DeString<'a>>, &Spanned<DeValue<'a>>)| {
        key.span() == at || holds(value.span())
    };
    keys.iter().find(about).map(|(key, _)| key.clone())
}

/// Stands in for a key that is missing: all that must be there are texts, and `kind` takes this one.
fn filler() -> DeValue<'static> {
    DeValue::String("text".into())
}

fn refuse_syntax(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    error: &toml::de::Error,
    within: Option<Range<usize>>,
) {
    let at = error.span().or(within).map_or(0, |span| span.start);
    let mut message = error.message().lines().collect::<Vec<_>>().join(" ");
    if message.starts_with("data did not match any variant") {
        // What follows is a name of the source.
        message = "this is written in none of the forms it can have".to_owned();
    }
    if message.starts_with("question ") {
        return refuse_sentence(loader, &file.place(at), &message);
    }
    let secret = ["`secret", "_secret", "password"].iter().any(|word| message.contains(word));
    let remedy = if secret {
        "Secrets never stand in this file: give them as variables (docs/CONFIGURATION.md)"
    } else {
        "Correct this line; bookplate.example.toml shows every form"
    };
    loader.refuse(&file.place(at), message, remedy);
}

/// A sentence of `contract` about a question names the remedy itself.
fn refuse_sentence(loader: &mut Loader<'_>, place: &str, sentence: &str) {
    loader.refuse(place, sentence, "bookplate.example.toml shows every form of a question");
}
