-- Which versions of the author's terms a user has accepted, and when, in Unix milliseconds.

create table bookplate_accepted_terms (
    user_id text not null references bookplate_users (id) on delete cascade,
    version text not null,
    accepted_at bigint not null,
    primary key (user_id, version)
);
