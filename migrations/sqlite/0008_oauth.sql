-- Clients of OAuth 2.0, what readers have granted them, and the client that each conversation belongs to.
-- Times are Unix milliseconds; the PostgreSQL file of the same name differs in column types only.

-- Clients registered by command. Those of bookplate.toml are not stored. Secrets are SHA-256 hashes.
create table bookplate_clients (
    id text not null primary key,
    declaration text not null,
    secret_hash text,
    previous_secret_hash text,
    created_at bigint not null,
    updated_at bigint not null
);

-- What a client was granted in a session: the family of its refresh tokens, of which only the newest is good.
create table bookplate_grants (
    id text not null primary key,
    session_id text not null references bookplate_sessions (id) on delete cascade,
    client_id text not null,
    audience text,
    scope text not null,
    generation bigint not null,
    rotated_at bigint not null,
    created_at bigint not null
);
create index bookplate_grants_session on bookplate_grants (session_id);

-- Authorization codes under the hash of the code. Used ones are kept for a while, so that their reuse is noticed.
create table bookplate_authorization_codes (
    id text not null primary key,
    session_id text not null references bookplate_sessions (id) on delete cascade,
    client_id text not null,
    redirect_uri text not null,
    code_challenge text not null,
    audience text,
    scope text not null,
    nonce text,
    grant_id text,
    created_at bigint not null,
    expires_at bigint not null
);
create index bookplate_authorization_codes_session on bookplate_authorization_codes (session_id);
create index bookplate_authorization_codes_expiry on bookplate_authorization_codes (expires_at);

-- What a reader has allowed a client that asks for consent.
create table bookplate_consents (
    user_id text not null references bookplate_users (id) on delete cascade,
    client_id text not null,
    scope text not null,
    granted_at bigint not null,
    primary key (user_id, client_id)
);

-- The client whose token created the conversation; none for Bookplate's own pages.
alter table bookplate_conversations add column client_id text;
