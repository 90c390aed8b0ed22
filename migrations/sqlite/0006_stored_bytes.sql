-- How many bytes of JSON each reader's conversations take up, and each conversation. The conversations' rows are written
-- with every change anyway; the readers' are a table of their own, so that a message does not rewrite an account.

alter table bookplate_conversations add column bytes bigint not null default 0;
update bookplate_conversations set bytes =
    case when metadata = '{}' then 0 else length(cast(metadata as blob)) end
    + coalesce((select sum(length(cast(m.parts as blob)) + coalesce(length(cast(m.usage as blob)), 0)
        + coalesce(length(cast(m.raw as blob)), 0) + coalesce(length(cast(m.metadata as blob)), 0)
        + coalesce(length(cast(m.feedback as blob)), 0))
        from bookplate_messages m where m.conversation_no = bookplate_conversations.no), 0);

create table bookplate_storage (
    user_id text not null primary key references bookplate_users (id) on delete cascade,
    bytes bigint not null
);
insert into bookplate_storage (user_id, bytes)
    select c.user_id, sum(c.bytes) from bookplate_conversations c group by c.user_id;
