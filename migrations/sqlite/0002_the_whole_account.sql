-- Links by mail, the mail itself, known browsers, what happened, how often, and accounts that are closed.
-- Times are Unix milliseconds, ids are text; the PostgreSQL file of the same name differs in column types only.

alter table bookplate_users add column unverified_since bigint;
alter table bookplate_users add column banned_at bigint;
alter table bookplate_users add column ban_reason text;
alter table bookplate_users add column ban_expires_at bigint;
update bookplate_users set unverified_since = created_at where not email_verified;
create index bookplate_users_unverified on bookplate_users (unverified_since);

alter table bookplate_sessions add column last_seen_at bigint not null default 0;
update bookplate_sessions set last_seen_at = renewed_at;

-- A browser that a reader has signed in with, under the hash of what its cookie says.
create table bookplate_devices (
    user_id text not null references bookplate_users (id) on delete cascade,
    id text not null,
    user_agent text not null,
    first_seen_at bigint not null,
    last_seen_at bigint not null,
    primary key (user_id, id)
);

-- A link that was mailed, under the hash of its token. A reader has one of each purpose at most.
create table bookplate_links (
    id text not null primary key,
    user_id text not null references bookplate_users (id) on delete cascade,
    purpose text not null,
    email text not null,
    new_email text,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    unique (user_id, purpose)
);
create index bookplate_links_expiry on bookplate_links (expires_at);

-- Mail that waits to be sent, encrypted. It goes as soon as it is sent.
create table bookplate_mails (
    id text not null primary key,
    user_id text references bookplate_users (id) on delete cascade,
    sealed text not null,
    created_at bigint not null,
    due_at bigint not null,
    attempts bigint not null
);
create index bookplate_mails_due on bookplate_mails (due_at);
create index bookplate_mails_user on bookplate_mails (user_id);

-- What happened. When a reader is erased the rows stay without reader, address and agent, so there is no foreign key.
create table bookplate_events (
    id text not null primary key,
    at bigint not null,
    kind text not null,
    outcome text not null,
    user_id text,
    ip_address text,
    user_agent text
);
create index bookplate_events_user on bookplate_events (user_id, at);
create index bookplate_events_at on bookplate_events (at);

-- How often something was tried, under the keyed hash of who tried what.
create table bookplate_limits (
    id text not null primary key,
    count bigint not null,
    last_at bigint not null,
    expires_at bigint not null
);
create index bookplate_limits_expiry on bookplate_limits (expires_at);

-- A key is published before it signs.
alter table bookplate_signing_keys add column signs_from bigint not null default 0;
