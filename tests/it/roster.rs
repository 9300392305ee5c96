//! Reading the guild, its ranks and its members.

use guildhall::{db::Conn, identity};
use serde_json::{Value, json};

use crate::support::{TestApp, on_both, strings};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $filter: MemberFilter) {
    members(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        totalCount
        nodes { displayName }
        edges { cursor node { displayName } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}";

#[on_both]
async fn a_guild_shows_its_ranks_and_the_viewer(app: TestApp) {
    let guild = app.guild("emberwatch").await;
    let data = guild
        .anonymous()
        .ok(
            "{ guild { slug name region memberCount } ranks { name level memberCount permissions } me { id } }",
            json!({}),
        )
        .await;
    assert_eq!(data["guild"], json!({ "slug": "emberwatch", "name": "emberwatch", "region": "US", "memberCount": 1 }));
    assert_eq!(strings(&data["ranks"], "/name"), ["Guild Leader", "Officer", "Veteran", "Member", "Initiate"]);
    assert_eq!(data["ranks"][0]["memberCount"], 1);
    assert_eq!(
        data["ranks"][1]["permissions"],
        json!(["MEMBERS_MANAGE", "MEMBERS_INVITE", "CAMPAIGNS_MANAGE", "DISCORD_MANAGE", "AUDIT_VIEW"])
    );
    assert_eq!(data["me"], json!(null));
    let me = guild.leader().await.ok("{ me { displayName isRegistered rank { name } } }", json!({})).await;
    assert_eq!(me["me"], json!({ "displayName": "leader", "isRegistered": true, "rank": { "name": "Guild Leader" } }));
}

#[on_both]
async fn the_roster_is_paged_by_rank_then_name_in_both_directions(app: TestApp) {
    let guild = app.guild("gg").await;
    for (name, rank) in
        [("Zed", "Officer"), ("émile", "Member"), ("Emil", "Member"), ("dora", "Member"), ("Ann", "Initiate")]
    {
        guild.member(name, rank).await;
    }
    let all = ["leader", "Zed", "dora", "Emil", "émile", "Ann"];
    let (mut forward, mut after) = (Vec::new(), json!(null));
    loop {
        let page = guild.leader().await.ok(PAGE, json!({ "first": 2, "after": after })).await["members"].clone();
        assert_eq!(page["totalCount"], 6);
        assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
        assert_eq!(page["pageInfo"]["endCursor"], page["edges"][1]["cursor"]);
        forward.extend(strings(&page["nodes"], "/displayName"));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(forward, all);
    let (mut backward, mut before) = (Vec::new(), json!(null));
    loop {
        let page = guild.leader().await.ok(PAGE, json!({ "last": 4, "before": before })).await["members"].clone();
        backward.splice(0..0, strings(&page["edges"], "/node/displayName"));
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!(backward, all);
}

#[on_both]
async fn a_cursor_keeps_its_position_while_rows_are_added(app: TestApp) {
    let guild = app.guild("gg").await;
    for name in ["b", "d", "f"] {
        guild.member(name, "Member").await;
    }
    let page = guild.leader().await.ok(PAGE, json!({ "first": 3 })).await["members"].clone();
    assert_eq!(strings(&page["nodes"], "/displayName"), ["leader", "b", "d"]);
    for name in ["a", "c", "e"] {
        guild.member(name, "Member").await;
    }
    let rest =
        guild.leader().await.ok(PAGE, json!({ "after": page["pageInfo"]["endCursor"] })).await["members"].clone();
    assert_eq!(strings(&rest["nodes"], "/displayName"), ["e", "f"]);
}

#[on_both]
async fn invalid_page_arguments_are_refused_with_the_field(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    guild.member("a", "Member").await;
    let anyone = guild.anonymous();
    let foreign = other.anonymous().ok(PAGE, json!({ "first": 1 })).await["members"]["pageInfo"]["endCursor"].clone();
    let campaigns = "query($after: String) { campaigns(after: $after) { nodes { id } } }";
    let cursor = anyone.ok(PAGE, json!({ "first": 1 })).await["members"]["pageInfo"]["endCursor"].clone();
    // A cursor with a changed character is not one that the server has issued.
    let altered: String = cursor
        .as_str()
        .unwrap()
        .chars()
        .rev()
        .enumerate()
        .map(|(index, c)| if index == 5 { if c == 'A' { 'B' } else { 'A' } } else { c })
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    for (variables, field) in [
        (json!({ "first": 0 }), "first"),
        (json!({ "first": 101 }), "first"),
        (json!({ "first": -1 }), "first"),
        (json!({ "last": 0 }), "last"),
        (json!({ "first": 1, "last": 1 }), "last"),
        (json!({ "after": "" }), "after"),
        (json!({ "after": "bm90IGEgY3Vyc29y" }), "after"),
        (json!({ "after": altered }), "after"),
        (json!({ "before": foreign }), "before"),
    ] {
        assert_eq!(anyone.refusal(PAGE, variables).await, format!("BAD_USER_INPUT {field}"));
    }
    assert_eq!(anyone.refusal(campaigns, json!({ "after": cursor })).await, "BAD_USER_INPUT after");
}

#[on_both]
async fn search_ignores_case_and_accents_and_has_no_wildcards(app: TestApp) {
    let guild = app.guild("gg").await;
    let mut odd = guild.member_row("odd_100%", "Member", false).await;
    odd.display_name = String::from("Élodie Ångström");
    odd.sort_key = guildhall::kernel::text::sort_key(&[&odd.display_name, &odd.discord_username]);
    guild.add_members(vec![odd]).await;
    let mut gone = guild.member_row("gone", "Veteran", true).await;
    gone.is_active = false;
    guild.add_members(vec![gone]).await;
    let long = json!({ "filter": { "search": "x".repeat(201) } });
    assert_eq!(guild.leader().await.refusal(PAGE, long).await, "BAD_USER_INPUT search");
    for (filter, found) in [
        (json!({ "search": "elodie ang" }), vec!["Élodie Ångström"]),
        (json!({ "search": "ÅNGSTRÖM" }), vec!["Élodie Ångström"]),
        (json!({ "search": "0%" }), vec!["Élodie Ångström"]),
        (json!({ "search": "d_1" }), vec!["Élodie Ångström"]),
        (json!({ "search": "l_a" }), vec![]),
        (json!({ "search": "%" }), vec!["Élodie Ångström"]),
        (json!({}), vec!["leader", "Élodie Ångström"]),
        (json!({ "active": null }), vec!["leader", "gone", "Élodie Ångström"]),
        (json!({ "active": false }), vec!["gone"]),
        (json!({ "registered": true, "active": null }), vec!["leader"]),
        (json!({ "registered": false, "active": null }), vec!["gone", "Élodie Ångström"]),
        (json!({ "rankLevelAtLeast": 3, "active": null }), vec!["leader", "gone"]),
    ] {
        let page = guild.leader().await.ok(PAGE, json!({ "filter": filter })).await["members"].clone();
        assert_eq!(strings(&page["nodes"], "/displayName"), found, "{filter}");
        assert_eq!(page["totalCount"], found.len(), "{filter}");
    }
}

#[on_both]
async fn global_ids_are_found_only_in_their_own_guild(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let member = guild.member("a", "Member").await;
    let ids = guild.anonymous().ok("{ guild { id } ranks { id } }", json!({})).await;
    let (own, rank) = (ids["guild"]["id"].clone(), ids["ranks"][0]["id"].clone());
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let ids = json!({ "ids": [rank, member.id, "nonsense", own, rank] });
    let found = guild.anonymous().ok(nodes, ids.clone()).await;
    assert_eq!(
        found["nodes"],
        json!([
            { "__typename": "Rank", "id": rank },
            { "__typename": "Member", "id": member.id },
            null,
            { "__typename": "Guild", "id": own },
            { "__typename": "Rank", "id": rank },
        ])
    );
    assert_eq!(other.anonymous().ok(nodes, ids).await["nodes"], json!([null, null, null, null, null]));
    let lookups =
        "query($rank: ID!, $member: ID!) { rank(id: $rank) { id } member(id: $member) { id } node(id: $rank) { id } }";
    let nothing = json!({ "rank": null, "member": null, "node": null });
    assert_eq!(other.anonymous().ok(lookups, json!({ "rank": rank, "member": member.id })).await, nothing);
    // An id of one type is not found as another type.
    assert_eq!(guild.anonymous().ok(lookups, json!({ "rank": member.id, "member": rank })).await["rank"], json!(null));
    let many: Vec<&str> = vec!["x"; 101];
    assert_eq!(guild.anonymous().refusal(nodes, json!({ "ids": many })).await, "BAD_USER_INPUT ids");
}

#[on_both]
async fn private_fields_are_shown_to_the_member_and_to_managers_of_members(app: TestApp) {
    let guild = app.guild("gg").await;
    let mut row = guild.member_row("a", "Member", true).await;
    row.discord_id = Some("77".to_owned());
    let member = guild.add_members(vec![row]).await.remove(0);
    let (peer, officer) = (guild.member("b", "Member").await, guild.member("o", "Officer").await);
    let query = "query($id: ID!) { member(id: $id) { discordId registeredAt } }";
    for (client, sees) in [(&member, true), (&officer, true), (&peer, false), (&guild.anonymous(), false)] {
        let shown = client.ok(query, json!({ "id": member.id })).await["member"].clone();
        assert_eq!(shown["discordId"] == "77", sees);
        assert_eq!(shown["registeredAt"].is_string(), sees);
    }
}

#[on_both]
async fn the_number_of_statements_of_a_page_does_not_depend_on_its_size(app: TestApp) {
    let guild = app.guild("gg").await;
    let mut rows = Vec::new();
    for number in 0..60 {
        let rank = if number % 3 == 0 { "Veteran" } else { "Member" };
        rows.push(guild.member_row(&format!("member{number}"), rank, number % 2 == 0).await);
    }
    guild.add_members(rows).await;
    let roster = "query($first: Int) { members(first: $first) { nodes {
        displayName rank { name memberCount } characters { name member { id } armoryUrl } mainCharacter { name }
    } pageInfo { hasNextPage } } }";
    let leader = guild.leader().await;
    let cold = async |first: usize| {
        leader.count_statements_on(&app.another_server().await, roster, json!({ "first": first })).await
    };
    assert_eq!(cold(50).await, 5, "the guild, the members, the ladder, the ranks' counts, the characters");
    assert_eq!(cold(2).await, 5);
    leader.ok(roster, json!({ "first": 50 })).await;
    let repeated = leader.count_statements(roster, json!({ "first": 50 })).await;
    assert_eq!(repeated, 2, "the guild, the ranks' counts: all rows are cached");
    let page = "{ members(first: 3) { totalCount nodes { id rank { name } mainCharacter { armoryUrl } } } }";
    assert_eq!(leader.count_statements(page, json!({})).await, 3, "the guild, the members, the total");
    assert_eq!(leader.count_statements(page, json!({})).await, 1, "the guild");
}

#[on_both]
async fn counts_and_ranks_follow_changes_of_the_roster(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let page = "{ guild { memberCount } all: members(filter: { active: null }) { totalCount }
        members { totalCount nodes { displayName rank { name level } } }
        signedUp: members(filter: { registered: true }) { totalCount } }";
    let counted = async || {
        let page = guild.leader().await.ok(page, json!({})).await;
        let of = |name: &str| page[name]["totalCount"].as_i64().unwrap();
        assert_eq!(page["guild"]["memberCount"], page["members"]["totalCount"]);
        let ranks: Vec<Value> =
            page["members"]["nodes"].as_array().unwrap().iter().map(|it| it["rank"].clone()).collect();
        (of("all"), of("members"), of("signedUp"), ranks)
    };
    let master = json!({ "name": "Guild Leader", "level": 5 });
    assert_eq!(counted().await, (1, 1, 1, vec![master.clone()]));
    let add =
        "mutation($input: CreateMemberInput!) { createMember(input: $input) { member { id rank { id name level } } } }";
    let added =
        leader.ok(add, json!({ "input": { "discordUsername": "newcomer" } })).await["createMember"]["member"].clone();
    let rank = added["rank"].clone();
    let shown = |name: &str| json!({ "name": name, "level": rank["level"] });
    assert_eq!(counted().await, (2, 2, 1, vec![master.clone(), shown(rank["name"].as_str().unwrap())]));
    let rename = "mutation($input: UpdateRankInput!) { updateRank(input: $input) { rank { name } } }";
    leader.ok(rename, json!({ "input": { "id": rank["id"], "name": "Recruit" } })).await;
    assert_eq!(counted().await.3, [master.clone(), shown("Recruit")]);
    let leave = "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { isActive } } }";
    leader.ok(leave, json!({ "input": { "id": added["id"], "active": false } })).await;
    assert_eq!(counted().await, (2, 1, 1, vec![master]));
}

#[on_both]
async fn a_bulk_insert_can_exceed_the_bind_limit_of_one_statement(app: TestApp) {
    // At least 12 values for each row (of 16 columns): more than the 65,535 that PostgreSQL binds in a statement, and
    // more than twice SQLite's 32,766.
    const ROWS: usize = 6_000;
    let guild = app.guild("gg").await;
    let mut members = Vec::with_capacity(ROWS);
    for number in 0..ROWS {
        members.push(guild.member_row(&format!("member{number}"), "Member", false).await);
    }
    let insert = async move |conn: &mut Conn| Ok(identity::store::insert_members(conn, members).await?);
    app.app.db.write(insert).await.unwrap();
    assert_eq!(app.count_rows("members").await, 6_001, "with the leader");
}

/// A server reads rows of the roster once, and each change of them counts from the next request on.
#[on_both]
async fn rows_in_memory_follow_every_change(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("anna", "Member").await);
    let servers = [app.another_server().await, app.another_server().await];
    let page = "query($id: ID!) {
        members { nodes { displayName rank { name } characters { name isMain } mainCharacter { name } } }
        member(id: $id) { displayName rank { name } characters { name isMain } mainCharacter { name } }
    }";
    let shown = async || {
        let mut pages = Vec::new();
        for server in &servers {
            let data = leader.run_on(server, page, json!({ "id": member.id })).await["data"].clone();
            let listed = data["members"]["nodes"].as_array().unwrap();
            assert!(listed.contains(&data["member"]), "{data}");
            pages.push(data["member"].clone());
        }
        assert_eq!(pages[0], pages[1]);
        let [member, _] = &pages[..] else { panic!("two servers") };
        let characters = member["characters"].as_array().unwrap().iter();
        let of =
            |it: &Value| format!("{}{}", it["name"].as_str().unwrap(), if it["isMain"] == true { "*" } else { "" });
        let name = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let (rank, main) = (name(&member["rank"]["name"]), name(&member["mainCharacter"]["name"]));
        format!("{} {rank} {main}: {}", name(&member["displayName"]), characters.map(of).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(shown().await, "anna Member -: ");
    let create = "mutation($input: CreateCharacterInput!) { createCharacter(input: $input) { character { id } } }";
    let character = |name: &str| json!({ "name": name, "realm": "Draenor", "class": "MAGE", "role": "RANGED_DPS" });
    let mut created = Vec::new();
    for name in ["Thal", "Bryn"] {
        let response = member.ok(create, json!({ "input": character(name) })).await;
        created.push(response["createCharacter"]["character"]["id"].clone());
    }
    assert_eq!(shown().await, "anna Member Thal: Thal* Bryn");
    let update = "mutation($input: UpdateCharacterInput!) { updateCharacter(input: $input) { character { id } } }";
    leader.ok(update, json!({ "input": { "id": created[1], "isMain": true, "name": "Brynn" } })).await;
    assert_eq!(shown().await, "anna Member Brynn: Brynn* Thal");
    member.ok("mutation($id: ID!) { deleteCharacter(id: $id) { deletedId } }", json!({ "id": created[0] })).await;
    assert_eq!(shown().await, "anna Member Brynn: Brynn*");
    let rename = "mutation($input: UpdateMeInput!) { updateMe(input: $input) { member { id } } }";
    member.ok(rename, json!({ "input": { "displayName": "Anna" } })).await;
    let rank = "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }";
    let veteran = guild.rank("Veteran").id;
    leader.ok(rank, json!({ "input": { "id": member.id, "rankId": async_graphql::ID::from(veteran) } })).await;
    assert_eq!(shown().await, "Anna Veteran Brynn: Brynn*");
    let file = "discord_username,character_name,realm,class,role\nanna,Import,Draenor,PRIEST,HEALER";
    let import = "mutation($input: ImportRosterInput!) { importRoster(input: $input) { imported } }";
    leader.ok(import, json!({ "input": { "format": "CSV", "data": file } })).await;
    assert_eq!(shown().await, "Anna Veteran Brynn: Brynn* Import");
}

/// The time of the last visit changes without a new version of the roster.
#[on_both]
async fn the_last_visit_is_current_on_cached_rows(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("anna", "Member").await);
    let query = "query($id: ID!) { member(id: $id) { lastSeenAt } }";
    let seen = async || leader.ok(query, json!({ "id": member.id })).await["member"]["lastSeenAt"].clone();
    let before = seen().await;
    app.clock.advance(std::time::Duration::from_mins(1));
    guild.login("anna").await;
    assert_ne!(seen().await, before);
    assert_eq!(seen().await, json!(app.now().and_utc().to_rfc3339()));
}
