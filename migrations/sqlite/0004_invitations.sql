-- Invitations to sign up, under the hash of their token. One is deleted when it is used up, so that no address of a reader
-- is left in it.
-- Times are Unix milliseconds, ids are text; the file of the same name for the other database is the same.

create table bookplate_invitations (
    id text not null primary key,
    email text,
    uses_left bigint not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index bookplate_invitations_email on bookplate_invitations (email);
create index bookplate_invitations_expiry on bookplate_invitations (expires_at);
