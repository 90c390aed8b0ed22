-- When an account was last used, and when its reader was told that it is idle.
-- Times are Unix milliseconds; the file of the same name for the other database is the same.

alter table bookplate_users add column last_active_at bigint not null default 0;
alter table bookplate_users add column idle_notice_at bigint;
update bookplate_users set last_active_at = updated_at;
update bookplate_users set last_active_at =
    (select max(d.last_seen_at) from bookplate_devices d where d.user_id = bookplate_users.id)
    where exists (select 1 from bookplate_devices d
        where d.user_id = bookplate_users.id and d.last_seen_at > bookplate_users.last_active_at);
update bookplate_users set last_active_at =
    (select max(s.last_seen_at) from bookplate_sessions s where s.user_id = bookplate_users.id)
    where exists (select 1 from bookplate_sessions s
        where s.user_id = bookplate_users.id and s.last_seen_at > bookplate_users.last_active_at);
create index bookplate_users_active on bookplate_users (last_active_at);
