-- Conversations: what a chatbot has written for a reader, and what a search finds in it.
-- Times are Unix milliseconds; the PostgreSQL file of the same name differs in column types, and in how texts are found.

create table bookplate_conversations (
    -- Never given twice: a number that was another conversation's would be taken for it.
    no integer not null primary key autoincrement,
    user_id text not null references bookplate_users (id) on delete cascade,
    id text not null,
    title text,
    opening text,
    status text not null,
    head_id text,
    metadata text not null,
    message_count bigint not null,
    revision bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    last_message_at bigint,
    active_at bigint not null,
    deleted_at bigint,
    unique (user_id, id)
);
create index bookplate_conversations_recent on bookplate_conversations (user_id, active_at, no);
create index bookplate_conversations_deleted on bookplate_conversations (deleted_at);

-- A message's number is its conversation's times 1048576, and its place in it: one index for both, in reading order.
create table bookplate_messages (
    no integer not null primary key,
    conversation_no bigint not null references bookplate_conversations (no) on delete cascade,
    id text not null,
    parent_id text,
    role text not null,
    parts text not null,
    status text not null,
    model text,
    usage text,
    format text,
    raw text,
    metadata text,
    feedback text,
    begun_by text,
    revision bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (conversation_no, id)
);
create index bookplate_messages_revision on bookplate_messages (conversation_no, revision);
-- What follows a message: the branches that go on from it.
create index bookplate_messages_parent on bookplate_messages (conversation_no, parent_id);

-- The terms of a message under its number. What is looked up holds only terms; the texts stay where they are.
create virtual table bookplate_search using fts5 (terms, content = '', contentless_delete = 1, tokenize = 'ascii');
create trigger bookplate_messages_gone after delete on bookplate_messages begin
    delete from bookplate_search where rowid = old.no;
end;

-- Requests that may be sent again without being carried out twice, under the hash of who sent which.
create table bookplate_idempotency (
    user_id text not null references bookplate_users (id) on delete cascade,
    id text not null,
    request text not null,
    answer text not null,
    expires_at bigint not null,
    primary key (user_id, id)
);
create index bookplate_idempotency_expiry on bookplate_idempotency (expires_at);
