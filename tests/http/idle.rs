//! What a running server sends to PostgreSQL while nobody uses it.

use std::time::Duration;

use bookplate::workers::Workers;
use contract::conversations::read_json;
use domain::{ConversationScope, Principal, Subscriber};
use testkit::{
    MailerBehavior, PostgresProxy,
    databases::{Kind, TestDatabase, with_paused_time},
};
use tokio::time::advance;

use crate::{app::TestApp, client::Client};

const MINUTE: usize = 60;
const ADA: &str = "ada@example.org";
const LISTENERS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%'";

/// A server with its background tasks, and what counts the messages to its database.
struct Running {
    app: TestApp,
    proxy: PostgresProxy,
    workers: Workers,
    /// The database without the proxy.
    aside: sqlx::PgPool,
}

impl Running {
    async fn on(database: TestDatabase) -> Self {
        let aside = sqlx::PgPool::connect_lazy(database.url()).unwrap();
        let (database, proxy) = database.behind_proxy().await;
        let app = TestApp::on(database).await;
        let workers = Workers::start(&app.services, Some(app.database.url().to_owned()));
        proxy.settled().await;
        Self { app, proxy, workers, aside }
    }

    /// Lets time pass second by second, and everybody do what is due; the number of messages to the database.
    async fn pass(&self, seconds: usize) -> usize {
        let before = self.proxy.messages();
        for _ in 0..seconds {
            self.app.ports.clock.advance_seconds(1);
            advance(Duration::from_secs(1)).await;
            self.proxy.settled().await;
        }
        self.proxy.messages() - before
    }

    /// Lets time pass, in which nothing is sent to the database.
    async fn is_quiet_for(&self, seconds: usize) {
        let known = self.proxy.statements().len();
        for second in 0..seconds {
            let sent = self.pass(1).await;
            assert_eq!(sent, 0, "in second {second}: {:#?}", self.proxy.statements().split_off(known));
        }
    }

    /// Lets time pass until something is the case, for at most so many seconds.
    async fn pass_until(&self, longest: usize, is_so: impl AsyncFn() -> bool) -> usize {
        for second in 0..=longest {
            if is_so().await {
                return second;
            }
            self.pass(1).await;
        }
        panic!("it is not so after {longest} s");
    }

    /// A number from the database, read without the server.
    async fn number(&self, query: &str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.aside).await.unwrap()
    }

    /// A reader who has got all their mail and has one conversation.
    async fn reader(&self) -> Client {
        let reader = self.app.reader(ADA).await;
        self.proxy.settled().await;
        let new = read_json(br#"{"id":"c"}"#).unwrap();
        self.app
            .services
            .conversations
            .create(Principal::reader(&self.user_id().await), new, None)
            .await
            .unwrap();
        reader
    }

    async fn user_id(&self) -> String {
        self.app.database.find_user_by_email(ADA).await.unwrap().unwrap().id
    }

    async fn asks_for_a_link(&self) {
        let body = serde_json::json!({ "email": ADA });
        let reply = self.app.script().json("/api/auth/request-password-reset", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

#[test]
fn an_idle_server_sends_its_database_nothing() {
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        let reader = server.reader().await;
        let conversations = &server.app.services.conversations;
        let mut stream =
            conversations.subscribe(subscriber(&server.user_id().await), "c", None).await.unwrap();
        assert!(server.pass(90).await > 0, "while it is used it looks for mail and cleans up");
        stream.poll_changes().await.unwrap();
        assert_eq!(server.number(LISTENERS).await, 1, "while there is a stream it listens");
        drop(stream);
        assert_eq!(reader.clone().get("/account").await.status, 200, "the last request");

        server.pass(5 * MINUTE).await;
        server.is_quiet_for(10 * MINUTE).await;
        assert_eq!(server.number(LISTENERS).await, 0);

        // It is awake at once.
        server.asks_for_a_link().await;
        assert!(server.pass(1).await > 0);
        assert_eq!(server.app.ports.mailer.sent_to(ADA).last().unwrap().kind, "reset-password");
        server.workers.stop().await;
    });
}

/// What the test above would count if the server looked after its database like one that is used.
#[test]
fn a_server_with_an_open_stream_goes_on_using_its_database() {
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        server.reader().await;
        let user = server.user_id().await;
        let mut stream =
            server.app.services.conversations.subscribe(subscriber(&user), "c", None).await.unwrap();
        server.pass(5 * MINUTE).await;
        let mut sent = 0;
        for _ in 0..10 {
            stream.poll_changes().await.unwrap();
            sent += server.pass(MINUTE).await;
        }
        assert!(sent > 50, "{sent}");
        assert_eq!(server.number(LISTENERS).await, 1);
    });
}

#[test]
fn what_has_expired_meanwhile_is_removed_when_the_server_is_used_again() {
    const LINKS: &str = "select count(*) from bookplate_links";
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        let mut reader = server.reader().await;
        server.asks_for_a_link().await;
        server.pass(1).await;
        let links = server.number(LINKS).await;
        assert!(links > 0);
        server.pass(5 * MINUTE).await;
        // Days, in which the test need not look at each second.
        server.app.ports.clock.advance_seconds(3 * 86_400);
        server.is_quiet_for(MINUTE).await;
        assert_eq!(server.number(LINKS).await, links);
        // Whether they are still signed in or not.
        reader.get("/account").await;
        server.pass(1).await;
        assert_eq!(server.number(LINKS).await, 0);
    });
}

#[test]
fn a_mail_that_is_to_be_tried_again_keeps_a_timer_and_nothing_else() {
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        server.reader().await;
        let mailer = &server.app.ports.mailer;
        server.pass(1).await;
        mailer.clear();
        mailer.set_behavior(MailerBehavior::RefusesForNow);
        server.asks_for_a_link().await;
        // After 15 s, a minute and five minutes.
        server.pass(6 * MINUTE + 30).await;
        assert_eq!(mailer.tries(), 4);
        // Until the next try is due, after twenty.
        server.is_quiet_for(19 * MINUTE - 30).await;
        mailer.set_behavior(MailerBehavior::Takes);
        assert!(server.pass(MINUTE + 30).await > 0);
        assert_eq!((mailer.tries(), mailer.sent_to(ADA).len()), (5, 1));
        // Nothing is left to be tried.
        server.is_quiet_for(30 * MINUTE).await;
    });
}

#[test]
fn mail_of_another_process_is_sent_when_it_is_announced_or_else_when_the_server_is_used() {
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        server.reader().await;
        let user = server.user_id().await;
        let command = server.app.again(&[], "").await;
        command.ports.mailer.set_behavior(MailerBehavior::RefusesForNow);
        let queued_by_command = async || {
            let body = serde_json::json!({ "email": ADA });
            command.script().json("/api/auth/request-password-reset", body).await;
            let delivered = command.services.mail.deliver_before_exit(Duration::from_secs(20)).await;
            assert!(!delivered.unwrap(), "its mail server accepts nothing");
        };
        let mailer = &server.app.ports.mailer;
        let sent = async || mailer.sent_to(ADA).iter().filter(|mail| mail.kind == "reset-password").count();

        let stream = server.app.services.conversations.subscribe(subscriber(&user), "c", None).await.unwrap();
        server.pass(2).await;
        queued_by_command().await;
        let seconds = server.pass_until(20, async || sent().await == 1).await;
        assert!(seconds >= 14, "{seconds}: not before it is due again");

        drop(stream);
        server.pass(5 * MINUTE).await;
        queued_by_command().await;
        assert_eq!(server.number(LISTENERS).await, 0);
        // The command has used its own handle of the same database, which counts as a use here.
        server.pass_until(90, async || sent().await == 2).await;
    });
}

#[test]
fn a_process_that_listens_again_has_missed_nothing() {
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        server.reader().await;
        let user = server.user_id().await;
        let other = server.app.again(&[], "").await;
        let conversations = &server.app.services.conversations;
        let renames = async |title: &str| {
            let change = read_json(format!(r#"{{"title":"{title}"}}"#).as_bytes()).unwrap();
            other.services.conversations.update(Principal::reader(&user), "c", change).await.unwrap();
            other.services.conversations.publish_changes().await.unwrap();
        };
        let first = conversations.subscribe(subscriber(&user), "c", None).await.unwrap();
        server.pass_until(5, async || server.number(LISTENERS).await == 1).await;
        drop(first);
        // Somebody who comes back soon meets it listening still; two minutes after the last it has stopped.
        server.pass(MINUTE).await;
        assert_eq!(server.number(LISTENERS).await, 1);
        drop(conversations.subscribe(subscriber(&user), "c", None).await.unwrap());
        server.pass(MINUTE + 50).await;
        assert_eq!(server.number(LISTENERS).await, 1);
        server.pass(15).await;
        assert_eq!(server.number(LISTENERS).await, 0);

        let before = conversations.find(Principal::reader(&user), "c").await.unwrap().revision;
        renames("unheard").await;
        let mut again = conversations.subscribe(subscriber(&user), "c", Some(before)).await.unwrap();
        assert_eq!(again.poll_changes().await.unwrap().len(), 1, "what happened meanwhile");
        // Between the subscription and the first notification it may be missed, and is then read when it listens.
        renames("heard").await;
        server.pass_until(5, async || server.number(LISTENERS).await == 1).await;
        assert!(again.changed().await);
        assert_eq!(again.poll_changes().await.unwrap().len(), 1);
        renames("live").await;
        assert!(again.changed().await);
        assert_eq!(again.poll_changes().await.unwrap().len(), 1);
    });
}

/// A key that was removed while nobody was there is not used by the first who comes back.
#[test]
fn the_first_token_after_a_quiet_time_is_verified_with_the_keys_of_now() {
    with_paused_time(Kind::Postgres, async |database| {
        let server = Running::on(database).await;
        let mut reader = server.reader().await;
        let token = reader.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned();
        let mut bot = server.app.script().sending("authorization", &format!("Bearer {token}"));
        assert_eq!(bot.get("/api/conversations").await.status, 200);
        server.pass(5 * MINUTE).await;
        sqlx::query("delete from bookplate_signing_keys").execute(&server.aside).await.unwrap();
        server.is_quiet_for(MINUTE).await;
        assert_eq!(bot.get("/api/conversations").await.status, 401);
    });
}

const fn subscriber(user_id: &str) -> Subscriber<'_> {
    Subscriber { user_id, scope: ConversationScope::All, network: None }
}
