// @generated automatically by Diesel CLI.

diesel::table! {
    abstentions (guild_id, campaign_id, member_id) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        member_id -> BigInt,
    }
}

diesel::table! {
    audit_events (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        at -> Timestamp,
        actor_id -> Nullable<BigInt>,
        actor_rank -> Nullable<Text>,
        actor_rank_level -> Nullable<BigInt>,
        action -> Text,
        subject -> Nullable<Text>,
        campaign_id -> Nullable<BigInt>,
        min_rank_level -> Nullable<BigInt>,
        summary -> Text,
    }
}

diesel::table! {
    ballots (guild_id, campaign_id, member_id) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        member_id -> BigInt,
        cast_at -> Timestamp,
        nonce -> Text,
    }
}

diesel::table! {
    campaigns (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        title -> Text,
        description -> Nullable<Text>,
        method -> Text,
        picks_per_voter -> BigInt,
        min_rank_level_to_vote -> BigInt,
        min_rank_level_to_view -> Nullable<BigInt>,
        start_at -> Nullable<Timestamp>,
        duration_hours -> BigInt,
        closes_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        status -> Text,
        early_close_if_all_voted -> Bool,
        results_visibility -> Text,
        announcements -> Text,
        discord_channel_id -> Nullable<Text>,
        created_by -> Nullable<BigInt>,
        created_at -> Timestamp,
        seats -> BigInt,
        close_reason -> Nullable<Text>,
        cancel_reason -> Nullable<Text>,
        cancelled_eligible -> Nullable<BigInt>,
        cancelled_awaiting_registration -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        draft_revision -> BigInt,
        sort_key -> Text,
    }
}

diesel::table! {
    characters (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        member_id -> BigInt,
        name -> Text,
        name_key -> Text,
        realm -> Text,
        realm_key -> Text,
        sort_key -> Text,
        class -> Text,
        spec -> Nullable<Text>,
        role -> Text,
        is_main -> Bool,
        search_key -> Nullable<Text>,
    }
}

diesel::table! {
    codes (guild_id, member_id, purpose) {
        guild_id -> BigInt,
        member_id -> BigInt,
        purpose -> Text,
        code_hash -> Text,
        expires_at -> Timestamp,
        reach -> BigInt,
        permissions -> Text,
        issuer_id -> Nullable<BigInt>,
        issued_hash -> Nullable<Text>,
        issued_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    discord_boards (guild_id, campaign_id) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        channel_id -> Text,
        message_id -> Text,
        shown -> Text,
        next_edit_at -> Timestamp,
    }
}

diesel::table! {
    discord_keeper (id) {
        id -> BigInt,
        holder -> BigInt,
        held_until -> Timestamp,
        state -> Text,
        since -> Timestamp,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    discord_links (guild_id) {
        guild_id -> BigInt,
        server_id -> Text,
        channel_id -> Nullable<Text>,
        campaign_url -> Nullable<Text>,
        color -> BigInt,
        thumbnail_url -> Nullable<Text>,
        newcomer_rank_id -> Nullable<BigInt>,
        sync_minutes -> BigInt,
        next_sync_at -> Timestamp,
        synced_at -> Nullable<Timestamp>,
        report -> Nullable<Text>,
        problem -> Nullable<Text>,
        log_channel_id -> Nullable<Text>,
        sync_report -> Nullable<Text>,
    }
}

diesel::table! {
    discord_messages (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        lane -> Text,
        number -> BigInt,
        kind -> Text,
        campaign_id -> Nullable<BigInt>,
        member_id -> Nullable<BigInt>,
        body -> Text,
        state -> Text,
        queued_at -> Timestamp,
        expires_at -> Timestamp,
        due_at -> Timestamp,
        claimed_until -> Nullable<Timestamp>,
        claim -> Nullable<BigInt>,
        attempts -> BigInt,
        problem -> Nullable<Text>,
        event -> Nullable<Text>,
    }
}

diesel::table! {
    discord_stories (guild_id, campaign_id) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        told -> Text,
    }
}

diesel::table! {
    entries (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        campaign_id -> BigInt,
        name -> Text,
        description -> Nullable<Text>,
        image_url -> Nullable<Text>,
        sort_order -> BigInt,
        associated_member_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    failures (guild_id, account) {
        guild_id -> BigInt,
        account -> Text,
        recent -> Text,
        last_at -> Timestamp,
    }
}

diesel::table! {
    former_electors (guild_id, campaign_id, member_id) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        member_id -> BigInt,
    }
}

diesel::table! {
    guilds (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        region -> Text,
        roster_version -> BigInt,
        created_at -> Timestamp,
        ladder_version -> BigInt,
        suspended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    known_addresses (guild_id, member_id, address) {
        guild_id -> BigInt,
        member_id -> BigInt,
        address -> Text,
        last_used_at -> Timestamp,
    }
}

diesel::table! {
    members (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        discord_username -> Text,
        username_key -> Text,
        discord_id -> Nullable<Text>,
        display_name -> Text,
        sort_key -> Text,
        rank_id -> BigInt,
        rank_level -> BigInt,
        rank_source -> Text,
        is_active -> Bool,
        password_hash -> Nullable<Text>,
        credentials_version -> BigInt,
        registered_at -> Nullable<Timestamp>,
        last_seen_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        public_key -> Nullable<Text>,
        search_key -> Nullable<Text>,
        erased_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    picks (guild_id, campaign_id, member_id, position) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        member_id -> BigInt,
        position -> BigInt,
        entry_id -> BigInt,
    }
}

diesel::table! {
    ranks (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        name -> Text,
        name_key -> Text,
        level -> BigInt,
        description -> Nullable<Text>,
        permissions -> Text,
        discord_role_id -> Nullable<Text>,
    }
}

diesel::table! {
    refresh_tokens (guild_id, token_hash) {
        guild_id -> BigInt,
        token_hash -> Text,
        session_id -> BigInt,
        expires_at -> Timestamp,
        rotated_at -> Nullable<Timestamp>,
        reusable_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sessions (guild_id, id) {
        guild_id -> BigInt,
        id -> BigInt,
        member_id -> BigInt,
        user_agent -> Nullable<Text>,
        created_at -> Timestamp,
        last_used_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    tallies (guild_id, campaign_id) {
        guild_id -> BigInt,
        campaign_id -> BigInt,
        revision -> BigInt,
        eligible -> BigInt,
        voted -> BigInt,
        outcome -> Text,
        counted_at -> Timestamp,
        awaiting_registration -> BigInt,
    }
}

diesel::joinable!(audit_events -> guilds (guild_id));
diesel::joinable!(campaigns -> guilds (guild_id));
diesel::joinable!(discord_links -> guilds (guild_id));
diesel::joinable!(discord_messages -> guilds (guild_id));
diesel::joinable!(failures -> guilds (guild_id));
diesel::joinable!(members -> guilds (guild_id));
diesel::joinable!(ranks -> guilds (guild_id));

diesel::allow_tables_to_appear_in_same_query!(
    abstentions,
    audit_events,
    ballots,
    campaigns,
    characters,
    codes,
    discord_boards,
    discord_keeper,
    discord_links,
    discord_messages,
    discord_stories,
    entries,
    failures,
    former_electors,
    guilds,
    known_addresses,
    members,
    picks,
    ranks,
    refresh_tokens,
    sessions,
    tallies,
);
