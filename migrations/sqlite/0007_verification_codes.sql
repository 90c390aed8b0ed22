-- Codes in the mails that verify an address, beside their links.

-- A six-digit code of a link, under a keyed hash. It counts only in the browser that waits for it, and dies with its link.
create table bookplate_codes (
    link_id text not null primary key references bookplate_links (id) on delete cascade,
    device_id text not null,
    code_hash text not null,
    guesses bigint not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index bookplate_codes_device on bookplate_codes (device_id, created_at);
