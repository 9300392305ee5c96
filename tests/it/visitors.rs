//! Visitors, who are not signed in: they see names of members, and never the names by which members sign in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, TestApp, TestGuild,
    documents::{CREATE_CAMPAIGN, CREATE_CHARACTER},
    on_both, strings,
};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $filter: MemberFilter) {
    members(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        totalCount nodes { id displayName discordUsername isRegistered } edges { cursor }
        pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
}";

/// The usernames of [`members`].
const USERNAMES: [&str; 5] = ["leader", "aaa_login", "mmm_login", "zzz_login", "ünïcode"];

/// Members with a display name, without one, and with one that differs from the username only in accents.
async fn members<'t>(guild: &TestGuild<'t>) -> Vec<Client<'t>> {
    let mut rows = Vec::new();
    for (username, name) in
        [("aaa_login", "Zoë"), ("mmm_login", "mmm_login"), ("zzz_login", "Anna"), ("ünïcode", "Unicode")]
    {
        let mut row = guild.member_row(username, "Member", username.starts_with('z')).await;
        name.clone_into(&mut row.display_name);
        row.sort_key = guildhall::kernel::text::sort_key(&[name, username]);
        rows.push(row);
    }
    guild.add_members(rows).await
}

/// Whether a response contains a username, also in its cursors.
fn reveals_a_username(response: &Value) -> bool {
    let text = response.to_string();
    let is_part_of_a_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let decoded = text.split(|c: char| !is_part_of_a_token(c)).filter_map(|token| URL_SAFE_NO_PAD.decode(token).ok());
    let decoded = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let texts: Vec<String> = decoded.chain([text.clone()]).collect();
    USERNAMES.iter().any(|name| texts.iter().any(|text| text.to_lowercase().contains(name)))
}

#[on_both]
async fn visitors_see_no_usernames_anywhere(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, visitor) = (guild.leader().await, guild.anonymous());
    let members = members(&guild).await;
    let page = visitor.ok(PAGE, json!({})).await;
    assert!(!reveals_a_username(&page), "{page}");
    for node in page["members"]["nodes"].as_array().unwrap() {
        assert_eq!((&node["discordUsername"], &node["isRegistered"]), (&Value::Null, &Value::Null));
    }
    // Through every path to a member, the same names.
    let input =
        json!({ "memberId": members[1].id, "name": "Thal", "realm": "Area 52", "class": "MAGE", "role": "RANGED_DPS" });
    leader.ok(CREATE_CHARACTER, json!({ "input": input })).await;
    let entries = json!([{ "name": "one", "associatedMemberId": members[1].id }, { "name": "two" }]);
    let campaign =
        json!({ "title": "t", "picksPerVoter": 1, "minRankLevelToVote": 1, "durationHours": 1, "entries": entries });
    let campaign = leader.ok(CREATE_CAMPAIGN, json!({ "input": campaign })).await["createCampaign"]["campaign"].clone();
    leader.ok(crate::support::documents::ACTIVATE_CAMPAIGN, json!({ "id": campaign["id"] })).await;
    let paths = "query($id: ID!) {
        member(id: $id) { ...shown } node(id: $id) { ... on Member { ...shown } }
        characters { nodes { member { ...shown } } }
        campaigns { nodes { createdBy { ...shown } entries { associatedMember { ...shown } } } }
    }
    fragment shown on Member { displayName discordUsername isRegistered discordId registeredAt lastSeenAt }";
    let seen = visitor.ok(paths, json!({ "id": members[1].id })).await;
    assert!(!reveals_a_username(&seen), "{seen}");
    let name = seen["member"]["displayName"].as_str().unwrap();
    assert!(name.starts_with("Member ") && name.len() == 13, "{name}");
    assert_eq!(seen["characters"]["nodes"][0]["member"]["displayName"], name);
    assert_eq!(seen["campaigns"]["nodes"][0]["entries"][0]["associatedMember"]["displayName"], name);
    assert_eq!(page["members"]["nodes"].as_array().unwrap().iter().filter(|it| it["displayName"] == name).count(), 1);
    // Members see them.
    let seen = members[0].ok(paths, json!({ "id": members[1].id })).await["member"].clone();
    assert_eq!((&seen["displayName"], &seen["discordUsername"]), (&json!("mmm_login"), &json!("mmm_login")));
    assert_eq!(seen["isRegistered"], false);
}

#[on_both]
async fn visitors_neither_find_nor_sort_by_what_they_do_not_see(app: TestApp) {
    let guild = app.guild("gg").await;
    let visitor = guild.anonymous();
    let members = members(&guild).await;
    for search in ["login", "aaa_login", "aaa", "mmm", "zz", "leader", "unicode", "ünïcode"] {
        let found = visitor.ok(PAGE, json!({ "filter": { "search": search } })).await["members"].clone();
        assert_eq!((found["totalCount"].clone(), &found["nodes"]), (json!(0), &json!([])), "{search}");
    }
    for (search, name) in [("zoe", "Zoë"), ("ANNA", "Anna"), ("nn", "Anna")] {
        let found = visitor.ok(PAGE, json!({ "filter": { "search": search } })).await["members"].clone();
        assert_eq!(
            (strings(&found["nodes"], "/displayName"), &found["totalCount"]),
            (vec![name.to_owned()], &json!(1))
        );
    }
    assert_eq!(members[0].ok(PAGE, json!({ "filter": { "search": "login" } })).await["members"]["totalCount"], 3);
    for registered in [true, false] {
        let filter = json!({ "filter": { "registered": registered } });
        assert_eq!(visitor.refusal(PAGE, filter.clone()).await, "FORBIDDEN registered");
        members[0].ok(PAGE, filter).await;
    }
    visitor.ok(PAGE, json!({ "filter": { "registered": null } })).await;

    // By rank, then by the visible names; members without one are in the order of their ids.
    let all = visitor.ok(PAGE, json!({})).await["members"].clone();
    let names = strings(&all["nodes"], "/displayName");
    assert_eq!(names.len(), 5);
    assert!(names[..3].iter().all(|name| name.starts_with("Member ")), "{names:?}");
    assert_eq!(names[3..], ["Anna", "Zoë"]);
    let (mut forward, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = visitor.ok(PAGE, json!({ "first": 2, "after": after })).await["members"].clone();
        forward.extend(strings(&page["nodes"], "/displayName"));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let (mut backward, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = visitor.ok(PAGE, json!({ "last": 2, "before": before })).await["members"].clone();
        backward.splice(0..0, strings(&page["nodes"], "/displayName"));
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!((&forward, &backward), (&names, &names));
}

#[on_both]
async fn a_member_who_signs_in_sees_their_own_name_at_once(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("thal", "Member").await;
    let login = "mutation($password: String!) {
        login(input: { discordUsername: \"thal\", password: $password }) {
            member { displayName discordUsername isRegistered }
        }
    }";
    let member = guild.anonymous().ok(login, json!({ "password": PASSWORD })).await["login"]["member"].clone();
    assert_eq!(member, json!({ "displayName": "thal", "discordUsername": "thal", "isRegistered": true }));
}
