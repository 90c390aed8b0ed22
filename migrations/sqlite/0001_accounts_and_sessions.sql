-- Readers, their sign-in methods and their signed-in browsers.
-- Times are Unix milliseconds, ids are text; the PostgreSQL file of the same name differs in column types only.

create table bookplate_users (
    id text not null primary key,
    email text not null unique,
    email_verified boolean not null,
    name text not null,
    image text,
    answers text not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table bookplate_accounts (
    id text not null primary key,
    user_id text not null references bookplate_users (id) on delete cascade,
    provider_id text not null,
    account_id text not null,
    password_hash text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (provider_id, account_id)
);
create index bookplate_accounts_user on bookplate_accounts (user_id);

create table bookplate_sessions (
    id text not null primary key,
    user_id text not null references bookplate_users (id) on delete cascade,
    record_id text not null unique,
    ip_address text not null,
    user_agent text not null,
    remembered boolean not null,
    created_at bigint not null,
    renewed_at bigint not null,
    expires_at bigint not null,
    ends_at bigint not null
);
create index bookplate_sessions_user on bookplate_sessions (user_id);
create index bookplate_sessions_expiry on bookplate_sessions (expires_at);

-- tower-sessions' own table. It cannot outlive the session it belongs to, nor be written after it.
create table bookplate_session_records (
    id text not null primary key references bookplate_sessions (record_id) on delete cascade,
    data blob not null,
    expiry_date text not null
);

create table bookplate_signing_keys (
    id text not null primary key,
    algorithm text not null,
    generation bigint not null,
    public_jwk text not null,
    sealed_private_key text not null,
    created_at bigint not null,
    unique (algorithm, generation)
);
