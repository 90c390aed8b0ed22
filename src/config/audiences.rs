//! Who tokens are made for.

use domain::{Audience, AudienceKey};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    PublicOrigin,
    file::File,
    loader::{Found, Reading},
    secret::{self, Named},
    variables::{JWT_SECRET, JWT_SECRET_PREVIOUS, audience_secret},
};

/// A table `[[audiences]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    name: String,
    aud: Option<String>,
    algorithm: Option<String>,
    #[serde(default = "sent")]
    send_aud: bool,
}

fn sent() -> bool {
    true
}

/// The audience that `JWT_SECRET` declares.
const DEFAULT: &str = "default";

/// What was declared, so far as it can be used.
#[derive(Default)]
pub(super) struct Audiences {
    pub(super) declared: Vec<Audience>,
    /// Every secret of theirs, to be compared with each other.
    pub(super) secrets: Vec<Named>,
    /// Every name, also of those that cannot be used.
    pub(super) names: Vec<String>,
}

/// Judges the declarations and finds their secrets.
pub(super) fn audiences(
    reading: &mut Reading<'_>,
    file: &File,
    declarations: Vec<(usize, Declaration)>,
    own: Option<&PublicOrigin>,
) -> Audiences {
    let mut found = Audiences::default();
    for (at, declaration) in declarations {
        for (wrong, remedy) in declaration.mistakes(&found, own) {
            file.refuse(reading, at, &wrong, remedy);
        }
        found.names.push(declaration.name.clone());
        found.add(reading, declaration);
    }
    found.add_default(reading);
    secret::judge_different(reading, &found.secrets);
    found
}

impl Declaration {
    fn is_shared(&self) -> bool {
        self.algorithm.is_some()
    }

    fn aud(&self) -> &str {
        self.aud.as_deref().unwrap_or(&self.name)
    }

    /// What is wrong and what to do, given those declared before.
    fn mistakes(&self, earlier: &Audiences, own: Option<&PublicOrigin>) -> Vec<(String, &'static str)> {
        let Self { name, .. } = self;
        let mut out = Vec::new();
        let mut wrong = |what: &str, remedy| out.push((format!("audience {name:?}: {what}"), remedy));
        if !is_name(name) {
            wrong("the name cannot be used", "Use letters, digits, -, _ and . (at most 64)");
        }
        if earlier.names.contains(name) {
            wrong("declared twice", "Remove one");
        } else if earlier.names.iter().any(|other| audience_secret(other) == audience_secret(name)) {
            wrong(
                "its variables would be those of another audience",
                "Choose a name that differs in a letter or digit",
            );
        }
        if self.algorithm.as_deref().is_some_and(|algorithm| algorithm != "HS256") {
            wrong(
                "the algorithm cannot be chosen here",
                "Write HS256, or leave it out and set BOOKPLATE_JWT_ALGORITHM",
            );
        }
        if !self.send_aud && !self.is_shared() {
            wrong(
                "only a secret of its own binds a token without aud",
                "Add algorithm = \"HS256\", or remove send_aud",
            );
        }
        if !self.send_aud && self.aud.is_some() {
            wrong("aud is given, but not sent", "Remove aud or send_aud");
        }
        if self.aud().trim().is_empty() || self.aud().chars().any(char::is_control) {
            wrong("aud cannot be used", "Give the address or name that the service expects in its tokens");
        }
        // With one key for all, aud alone keeps a token for one service from opening another (RFC 8725 section 3.9).
        let same = |other: &Audience| {
            matches!(other.key, AudienceKey::Published) && other.aud.as_deref() == Some(self.aud())
        };
        if !self.is_shared()
            && (own.is_some_and(|own| own.as_str() == self.aud()) || earlier.declared.iter().any(same))
        {
            wrong("aud is that of another audience or of Bookplate itself", "Give each an aud of its own");
        }
        out
    }
}

fn is_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(known)
}

impl Audiences {
    fn add(&mut self, reading: &mut Reading<'_>, declaration: Declaration) {
        let is_default = declaration.name == DEFAULT;
        let [secret, previous] = audience_secret(&declaration.name);
        let given = reading.exact(&secret, is_default.then_some(JWT_SECRET));
        let given_previous = reading.exact(&previous, is_default.then_some(JWT_SECRET_PREVIOUS));
        if !declaration.is_shared() {
            for Found { name, .. } in [given, given_previous].into_iter().flatten() {
                let wrong =
                    format!("the audience {:?} is signed for with the published keys", declaration.name);
                reading.refuse(&name, wrong, "Declare it with algorithm = \"HS256\", or remove the secret");
            }
            let aud = Some(declaration.aud().to_owned());
            self.declared.push(Audience { name: declaration.name, aud, key: AudienceKey::Published });
            return;
        }
        let Some(given) = given else {
            let wrong = format!("the audience {:?} has no secret", declaration.name);
            return reading.refuse(&secret, wrong, secret::MAKE_ONE);
        };
        let aud = declaration.send_aud.then(|| declaration.aud().to_owned());
        self.add_shared(reading, declaration.name, aud, (given, given_previous));
    }

    /// `JWT_SECRET` alone declares an audience, for those who move.
    fn add_default(&mut self, reading: &mut Reading<'_>) {
        if self.names.iter().any(|name| name == DEFAULT) {
            return;
        }
        let [name, previous_name] = audience_secret(DEFAULT);
        let (given, previous) = (reading.exact(JWT_SECRET, None), reading.exact(JWT_SECRET_PREVIOUS, None));
        let given = match (given, &previous) {
            (Some(given), _) => given,
            (None, Some(previous)) => {
                return reading.refuse(
                    &previous.name,
                    "there is no JWT_SECRET that follows it",
                    "Set both, or neither",
                );
            }
            (None, None) => return,
        };
        reading.check_renamed(&name, JWT_SECRET);
        reading.check_renamed(&previous_name, JWT_SECRET_PREVIOUS);
        reading.notice(format!(
            "{JWT_SECRET} declares the audience \"{DEFAULT}\" (HS256, no aud); when you can, declare it in \
             bookplate.toml and rename the variable to {name}."
        ));
        if previous.is_some() {
            reading.notice(format!(
                "{JWT_SECRET_PREVIOUS} is read as {previous_name}; rename it with {JWT_SECRET}."
            ));
        }
        self.names.push(DEFAULT.to_owned());
        self.add_shared(reading, DEFAULT.to_owned(), None, (given, previous));
    }

    fn add_shared(
        &mut self,
        reading: &mut Reading<'_>,
        name: String,
        aud: Option<String>,
        (given, previous): (Found<'_>, Option<Found<'_>>),
    ) {
        let mut judged = |found: Found<'_>| -> Option<Zeroizing<String>> {
            let secret = secret::judge(reading, &found.name, found.text, (found.text.len(), "bytes"))?;
            self.secrets.push((found.name, secret.clone()));
            Some(secret)
        };
        let (secret, previous) = (judged(given), previous.and_then(&mut judged));
        if let Some(secret) = secret {
            self.declared.push(Audience { name, aud, key: AudienceKey::Shared { secret, previous } });
        }
    }
}
