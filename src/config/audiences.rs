//! The audiences of tokens: tables `[[audiences]]`, their secrets, and `JWT_SECRET`.

use domain::{Audience, AudienceKey, ConversationAccess, ConversationsOf};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    PublicOrigin,
    loader::{Loader, RawValue},
    secret::{self, Named},
    source_file::SourceFile,
    variables::{JWT_SECRET, JWT_SECRET_PREVIOUS, audience_secret},
};

/// One table `[[audiences]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    name: String,
    aud: Option<String>,
    algorithm: Option<String>,
    #[serde(default = "default_send_aud")]
    send_aud: bool,
    conversations: Option<String>,
    conversations_of: Option<String>,
}

fn default_send_aud() -> bool {
    true
}

/// The name of the audience that `JWT_SECRET` declares.
const DEFAULT: &str = "default";

/// The usable audiences.
#[derive(Default)]
pub(super) struct Audiences {
    pub(super) declared: Vec<Audience>,
    /// Every secret that another program has, to be compared with each other.
    pub(super) secrets: Vec<Named>,
    /// Every name, also of unusable declarations.
    pub(super) names: Vec<String>,
}

/// Validates the declarations and finds their secrets.
pub(super) fn audiences(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    declarations: Vec<(usize, Declaration)>,
    origin: Option<&PublicOrigin>,
) -> Audiences {
    let mut found = Audiences::default();
    for (at, declaration) in declarations {
        for (problem, remedy) in declaration.mistakes(&found, origin) {
            file.refuse(loader, at, &problem, remedy);
        }
        found.names.push(declaration.name.clone());
        found.add(loader, declaration);
    }
    found.add_default(loader);
    found
}

impl Declaration {
    fn is_shared(&self) -> bool {
        self.algorithm.is_some()
    }

    fn aud(&self) -> &str {
        self.aud.as_deref().unwrap_or(&self.name)
    }

    /// What its tokens open; nothing if that cannot be read.
    fn conversations(&self) -> ConversationAccess {
        match self.conversations.as_deref() {
            Some("read") => ConversationAccess::READ,
            Some("write") => ConversationAccess::WRITE,
            _ => ConversationAccess::NONE,
        }
    }

    /// Whose conversations its tokens open that name a client; those of that client if it cannot be read.
    fn conversations_of(&self) -> ConversationsOf {
        match self.conversations_of.as_deref() {
            Some("all") => ConversationsOf::All,
            _ => ConversationsOf::Client,
        }
    }

    /// Problems and remedies, given the audiences declared before.
    fn mistakes(&self, earlier: &Audiences, origin: Option<&PublicOrigin>) -> Vec<(String, &'static str)> {
        let Self { name, .. } = self;
        let mut out = Vec::new();
        let mut problem = |what: &str, remedy| out.push((format!("audience {name:?}: {what}"), remedy));
        if !is_name(name) {
            problem("the name cannot be used", "Use letters, digits, -, _ and . (at most 64)");
        }
        if earlier.names.contains(name) {
            problem("declared twice", "Remove one");
        } else if earlier.names.iter().any(|other| audience_secret(other) == audience_secret(name)) {
            problem(
                "its variables would be those of another audience",
                "Choose a name that differs in a letter or digit",
            );
        }
        if self.algorithm.as_deref().is_some_and(|algorithm| algorithm != "HS256") {
            problem(
                "the algorithm cannot be chosen here",
                "Write HS256, or leave it out and set BOOKPLATE_JWT_ALGORITHM",
            );
        }
        if self.conversations.is_some() && self.conversations() == ConversationAccess::NONE {
            problem(
                "what its tokens open of conversations cannot be read",
                "Write conversations = \"read\" or \"write\", or leave it out, and they open none",
            );
        }
        match self.conversations_of.as_deref() {
            None => {}
            Some("client" | "all") if self.conversations.is_some() => {}
            Some("client" | "all") => problem(
                "conversations_of is given, but its tokens open no conversations",
                "Add conversations = \"read\" or \"write\", or remove conversations_of",
            ),
            Some(_) => problem(
                "whose conversations its tokens open cannot be read",
                "Write conversations_of = \"all\", or leave it out, and the token of a client opens that client's own",
            ),
        }
        if !self.send_aud && !self.is_shared() {
            problem(
                "only a secret of its own binds a token without aud",
                "Add algorithm = \"HS256\", or remove send_aud",
            );
        }
        if !self.send_aud && self.aud.is_some() {
            problem("aud is given, but not sent", "Remove aud or send_aud");
        }
        if self.aud().trim().is_empty() || self.aud().chars().any(char::is_control) {
            problem("aud cannot be used", "Give the address or name that the service expects in its tokens");
        }
        // With one key for all, aud alone keeps a token for one service from opening another (RFC 8725 section 3.9).
        let same = |other: &Audience| {
            matches!(other.key, AudienceKey::Published) && other.aud.as_deref() == Some(self.aud())
        };
        if !self.is_shared()
            && (origin.is_some_and(|origin| origin.as_str() == self.aud())
                || earlier.declared.iter().any(same))
        {
            problem("aud is that of another audience or of Bookplate itself", "Give each an aud of its own");
        }
        out
    }
}

fn is_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(known)
}

/// An audience but for its secrets.
struct SharedAudience {
    name: String,
    aud: Option<String>,
    conversations: ConversationAccess,
    conversations_of: ConversationsOf,
}

impl Audiences {
    fn add(&mut self, loader: &mut Loader<'_>, declaration: Declaration) {
        let is_default = declaration.name == DEFAULT;
        let conversations = declaration.conversations();
        let conversations_of = declaration.conversations_of();
        let [secret, previous] = audience_secret(&declaration.name);
        let given = loader.untrimmed(&secret, is_default.then_some(JWT_SECRET));
        let given_previous = loader.untrimmed(&previous, is_default.then_some(JWT_SECRET_PREVIOUS));
        if !declaration.is_shared() {
            for RawValue { name, .. } in [given, given_previous].into_iter().flatten() {
                let problem =
                    format!("the audience {:?} is signed for with the published keys", declaration.name);
                loader.refuse(&name, problem, "Declare it with algorithm = \"HS256\", or remove the secret");
            }
            let aud = Some(declaration.aud().to_owned());
            let key = AudienceKey::Published;
            let name = declaration.name;
            self.declared.push(Audience { name, aud, key, conversations, conversations_of });
            return;
        }
        let Some(given) = given else {
            let problem = format!("the audience {:?} has no secret", declaration.name);
            return loader.refuse(&secret, problem, secret::MAKE_ONE);
        };
        let aud = declaration.send_aud.then(|| declaration.aud().to_owned());
        let audience = SharedAudience { name: declaration.name, aud, conversations, conversations_of };
        self.add_shared(loader, audience, (given, given_previous));
    }

    /// Without a declaration, `JWT_SECRET` alone declares an audience, for those who move from Better Auth.
    fn add_default(&mut self, loader: &mut Loader<'_>) {
        if self.names.iter().any(|name| name == DEFAULT) {
            return;
        }
        let [name, previous_name] = audience_secret(DEFAULT);
        let (given, previous) =
            (loader.untrimmed(JWT_SECRET, None), loader.untrimmed(JWT_SECRET_PREVIOUS, None));
        let given = match (given, &previous) {
            (Some(given), _) => given,
            (None, Some(previous)) => {
                return loader.refuse(
                    &previous.name,
                    "there is no JWT_SECRET that follows it",
                    "Set both, or neither",
                );
            }
            (None, None) => return,
        };
        loader.check_renamed(&name, JWT_SECRET);
        loader.check_renamed(&previous_name, JWT_SECRET_PREVIOUS);
        loader.warn(format!(
            "{JWT_SECRET} declares the audience \"{DEFAULT}\" (HS256, no aud), whose tokens open no conversations; when you \
             can, declare it in bookplate.toml and rename the variable to {name}."
        ));
        if previous.is_some() {
            loader.warn(format!(
                "{JWT_SECRET_PREVIOUS} is read as {previous_name}; rename it with {JWT_SECRET}."
            ));
        }
        self.names.push(DEFAULT.to_owned());
        let audience = SharedAudience {
            name: DEFAULT.to_owned(),
            aud: None,
            conversations: ConversationAccess::NONE,
            conversations_of: ConversationsOf::default(),
        };
        self.add_shared(loader, audience, (given, previous));
    }

    fn add_shared(
        &mut self,
        loader: &mut Loader<'_>,
        SharedAudience { name, aud, conversations, conversations_of }: SharedAudience,
        (given, previous): (RawValue<'_>, Option<RawValue<'_>>),
    ) {
        // An old name goes with the old name of the previous secret.
        let [_, own] = audience_secret(&name);
        let previous_name = if given.name == JWT_SECRET { JWT_SECRET_PREVIOUS } else { own.as_str() };
        let is_literal = secret::is_literal(loader, &given, previous_name);
        let mut checked = |found: RawValue<'_>| -> Option<Zeroizing<String>> {
            let secret = secret::check(loader, &found.name, found.text, (found.text.len(), "bytes"))?;
            self.secrets.push((found.name, secret.clone()));
            Some(secret)
        };
        let secret = if is_literal { checked(given) } else { None };
        let previous = previous.and_then(&mut checked);
        if let Some(secret) = secret {
            let key = AudienceKey::Shared { secret, previous };
            self.declared.push(Audience { name, aud, key, conversations, conversations_of });
        }
    }
}
