-- How many bytes of JSON each reader's conversations take up, and each conversation. The conversations' rows are written
-- with every change anyway; the readers' are a table of their own, so that a message does not rewrite an account.

alter table bookplate_conversations add column bytes bigint not null default 0;
update bookplate_conversations c set bytes =
    case when c.metadata = '{}' then 0 else octet_length(c.metadata) end
    + coalesce((select sum(octet_length(m.parts) + coalesce(octet_length(m.usage), 0)
        + coalesce(octet_length(m.raw), 0) + coalesce(octet_length(m.metadata), 0)
        + coalesce(octet_length(m.feedback), 0))
        from bookplate_messages m where m.conversation_no = c.no), 0);

-- Room on each page for the next version of its rows, which no index is changed for.
create table bookplate_storage (
    user_id text not null primary key references bookplate_users (id) on delete cascade,
    bytes bigint not null
) with (fillfactor = 50);
insert into bookplate_storage (user_id, bytes)
    select c.user_id, sum(c.bytes) from bookplate_conversations c group by c.user_id;
