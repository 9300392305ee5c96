//! Guilds are isolated: no operation reads or changes anything of another guild.

use std::collections::{BTreeMap, HashSet};

use async_graphql::{
    ID,
    parser::types::{BaseType, InputValueDefinition, Type},
};
use guildhall::kernel::id::{
    AuditEventId, CampaignId, CharacterId, EntryId, GuildId, MemberId, MessageId, RankId, SessionId, ballot_id,
};
use serde_json::{Value, json};

use crate::support::{
    Client, LocalDiscord, PASSWORD, TestApp, TestCampaign, TestGuild,
    documents::{GUILD_SLUG, UPDATE_CAMPAIGN},
    next_response, on_both,
    schema::{SchemaTypes, base_type},
};

/// A value for each placeholder in the arguments of operations.
type Objects = BTreeMap<&'static str, String>;

/// The arguments of every operation: all its ids, and the other required ones. `@kind` stands for an object of the
/// guild. The tests fail for an operation that is missing here, and check that every other stays within its guild.
fn arguments(operation: &str) -> Option<Value> {
    Some(match operation {
        "node" => json!({ "id": "@any" }),
        "nodes" => json!({ "ids": ["@any"] }),
        "me" | "guild" | "ranks" | "sessions" | "logout" | "exportMyData" => json!({}),
        "characterClasses" | "logoutEverywhere" | "exportRoster" => json!({}),
        "rank" => json!({ "id": "@rank" }),
        "members" => json!({ "filter": { "rankId": "@rank" } }),
        "auditLog" => json!({ "filter": { "actorId": "@member", "subjectId": "@draft" } }),
        "characters" | "campaigns" | "pastVotes" => json!({}),
        "member" => json!({ "id": "@member" }),
        "campaign" => json!({ "id": "@live" }),
        "register" => {
            json!({ "input": { "inviteCode": "@invite", "discordUsername": "@newcomer", "password": PASSWORD } })
        }
        "login" => json!({ "input": { "discordUsername": "@username", "password": PASSWORD } }),
        "refreshSession" => json!({ "input": { "refreshToken": "@refresh" } }),
        "resetPassword" => {
            json!({ "input": { "resetCode": "@reset", "discordUsername": "@username", "newPassword": PASSWORD } })
        }
        "revokeSession" => json!({ "id": "@session" }),
        "changePassword" => json!({ "input": { "currentPassword": "wrong password", "newPassword": PASSWORD } }),
        "updateMe" => json!({ "input": { "displayName": "x" } }),
        "updateGuild" => json!({ "input": { "region": "EU" } }),
        "createRank" => json!({ "input": { "name": "x", "level": 4, "permissions": [] } }),
        "updateRank" => json!({ "input": { "id": "@rank", "description": "x" } }),
        "setRankLevels" => json!({ "input": { "levels": [{ "rankId": "@rank", "level": 3 }] } }),
        "deleteRank" => json!({ "id": "@rank" }),
        "createMember" => json!({ "input": { "discordUsername": "x", "rankId": "@rank" } }),
        "updateMember" => json!({ "input": { "id": "@member", "rankId": "@rank", "displayName": "x" } }),
        "deleteMember" | "eraseMember" => json!({ "id": "@member" }),
        "importRoster" => {
            json!({ "input": { "format": "CSV", "data": "discord_username,rank\nTHEIRS-MEMBER,Veteran" } })
        }
        "sendInvite" | "revokeInvite" | "sendResetCode" => json!({ "memberId": "@member" }),
        "sendInvites" => json!({ "input": { "memberIds": ["@member"] } }),
        "createCharacter" => json!({ "input": {
            "memberId": "@member", "name": "x", "realm": "y", "class": "MAGE", "role": "HEALER",
        } }),
        "updateCharacter" => json!({ "input": { "id": "@character", "name": "x" } }),
        "deleteCharacter" => json!({ "id": "@character" }),
        "createCampaign" => json!({ "input": {
            "title": "x", "minRankLevelToVote": 1, "durationHours": 1,
            "entries": [{ "name": "x", "associatedMemberId": "@member" }],
        } }),
        "updateCampaign" => json!({ "input": { "id": "@draft", "title": "x" } }),
        "deleteCampaign" | "activateCampaign" => json!({ "id": "@draft" }),
        "addEntry" => {
            json!({ "input": { "campaignId": "@draft", "entry": { "name": "x", "associatedMemberId": "@member" } } })
        }
        "updateEntry" => json!({ "input": { "id": "@entry", "name": "x", "associatedMemberId": "@member" } }),
        "removeEntry" => json!({ "id": "@entry" }),
        "reorderEntries" => json!({ "campaignId": "@draft", "entryIds": ["@entry"] }),
        "setEntries" => json!({ "input": {
            "campaignId": "@draft",
            "entries": [{ "id": "@entry", "entry": { "name": "x", "associatedMemberId": "@member" } }],
        } }),
        "closeCampaign" => json!({ "id": "@live" }),
        "cancelCampaign" => json!({ "input": { "id": "@live", "reason": "x" } }),
        "archiveCampaign" => json!({ "id": "@closed" }),
        "setOutcome" => json!({ "input": { "campaignId": "@closed", "outcome": "x" } }),
        "castBallot" => json!({ "input": { "campaignId": "@live", "picks": ["@pick"] } }),
        "discordStatus" | "discordChannels" | "discordMessages" | "unlinkDiscord" | "syncDiscordRoles" => json!({}),
        "linkDiscord" => json!({ "input": { "serverId": "1", "newcomerRankId": "@rank" } }),
        "retryDiscordMessage" => json!({ "id": "@message" }),
        "voteTally" | "turnoutChanged" => json!({ "campaignId": "@live" }),
        "campaignChanged" => json!({ "campaignId": "@draft" }),
        _ => return None,
    })
}

/// Placeholders of codes, usernames and tokens, which are not ids.
const SECRETS: [&str; 5] = ["@invite", "@newcomer", "@username", "@refresh", "@reset"];

/// Creates one object of each kind, with the guild's slug in its name.
async fn objects(guild: &TestGuild<'_>) -> Objects {
    let (leader, username) = (guild.leader().await, format!("{}-member", guild.slug));
    let member = guild.member(&username, "Member").await;
    let newcomer = guild.unregistered(&format!("{}-newcomer", guild.slug), "Initiate").await;
    let session = guild.login(&username).await;
    let signed_in = member.with_token(session["accessToken"].as_str().unwrap());
    let sessions = signed_in.ok("{ sessions { id } }", json!({})).await;
    let character = member
        .ok(
            "mutation($name: String!) {
                createCharacter(input: { name: $name, realm: \"R\", class: MAGE, role: HEALER }) { character { id } }
            }",
            json!({ "name": format!("{}-character", guild.slug) }),
        )
        .await;
    let titled = |kind: &str| json!({ "title": format!("{}-{kind}", guild.slug) });
    let (draft, live) =
        (TestCampaign::draft(&leader, 2, titled("draft")).await, TestCampaign::live(&leader, 2, titled("live")).await);
    live.vote(&member, &[0]).await;
    let closed = TestCampaign::live(&leader, 2, titled("closed")).await;
    closed.close(&leader).await;
    let code = async |mutation: &str, of: &Client<'_>| {
        let query = format!("mutation($id: ID!) {{ {mutation}(memberId: $id) {{ code }} }}");
        leader.ok(&query, json!({ "id": of.id })).await[mutation]["code"].as_str().unwrap().to_owned()
    };
    // A dead letter, as the bot would store it.
    let message = MessageId::new();
    let at = "'2026-03-01 20:00:00'";
    guild
        .test
        .execute_sql(&format!(
            "INSERT INTO discord_messages (guild_id, id, lane, number, kind, body, state, queued_at, expires_at, due_at,
                attempts, problem)
            VALUES ({}, {}, '{}/channel/1', 1, 'ANNOUNCEMENT', '{{}}', 'FAILED', {at}, {at}, {at}, 1, 'of {}')",
            guild.id.0, message.0, guild.id.0, guild.slug
        ))
        .await;
    let ids = leader.ok("{ guild { id } auditLog { nodes { id } } me { id } }", json!({})).await;
    let ballot = ballot_id(
        CampaignId::try_from(&ID(live.id.clone())).unwrap(),
        MemberId::try_from(&ID(member.id.clone())).unwrap(),
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Objects::from([
        ("@guild", text(&ids["guild"]["id"])),
        ("@rank", ID::from(guild.rank("Veteran").id).0),
        ("@member", member.id.clone()),
        ("@character", text(&character["createCharacter"]["character"]["id"])),
        ("@draft", draft.id.clone()),
        ("@entry", draft.entries[0].clone()),
        ("@live", live.id.clone()),
        ("@pick", live.entries[0].clone()),
        ("@closed", closed.id.clone()),
        ("@ballot", ballot.0),
        ("@session", text(&sessions["sessions"][0]["id"])),
        ("@event", text(&ids["auditLog"]["nodes"][0]["id"])),
        ("@message", ID::from(message).0),
        ("@invite", code("sendInvite", &newcomer).await),
        ("@newcomer", format!("{}-newcomer", guild.slug)),
        ("@username", username),
        ("@refresh", text(&session["refreshToken"])),
        ("@reset", code("sendResetCode", &member).await),
    ])
}

/// Values that never existed.
fn unknown_objects() -> Objects {
    Objects::from([
        ("@guild", ID::from(GuildId::new()).0),
        ("@rank", ID::from(RankId::new()).0),
        ("@member", ID::from(MemberId::new()).0),
        ("@character", ID::from(CharacterId::new()).0),
        ("@draft", ID::from(CampaignId::new()).0),
        ("@entry", ID::from(EntryId::new()).0),
        ("@live", ID::from(CampaignId::new()).0),
        ("@pick", ID::from(EntryId::new()).0),
        ("@closed", ID::from(CampaignId::new()).0),
        ("@ballot", ballot_id(CampaignId::new(), MemberId::new()).0),
        ("@session", ID::from(SessionId::new()).0),
        ("@event", ID::from(AuditEventId::new()).0),
        ("@message", ID::from(MessageId::new()).0),
        ("@invite", "22222222".to_owned()),
        ("@newcomer", "nobody".to_owned()),
        ("@username", "nobody".to_owned()),
        ("@refresh", "nonsense".to_owned()),
        ("@reset", "22222222".to_owned()),
    ])
}

/// JSON pointers to the placeholders in some arguments.
fn placeholders(value: &Value, at: &str) -> Vec<(String, String)> {
    match value {
        Value::String(text) if text.starts_with('@') => vec![(at.to_owned(), text.clone())],
        Value::Object(fields) => fields.iter().flat_map(|(key, it)| placeholders(it, &format!("{at}/{key}"))).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(key, it)| placeholders(it, &format!("{at}/{key}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// JSON pointers to all ids that arguments of these types can hold.
fn ids(types: &SchemaTypes, values: &[&InputValueDefinition], at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for value in values {
        let is_list = |ty: &Type| matches!(ty.base, BaseType::List(_));
        let path = format!("{at}/{}{}", value.name.node, if is_list(&value.ty.node) { "/0" } else { "" });
        match base_type(&value.ty.node) {
            "ID" => found.push(path),
            ty => found.extend(ids(types, &types.input_fields(ty), &path)),
        }
    }
    found
}

struct SchemaOperation {
    name: String,
    document: String,
    is_subscription: bool,
    arguments: Value,
}

impl SchemaOperation {
    /// Every operation of the schema, with a document that calls it.
    fn all(types: &SchemaTypes) -> Vec<Self> {
        let mut all = Vec::new();
        for (root, keyword) in [("Query", "query"), ("Mutation", "mutation"), ("Subscription", "subscription")] {
            for field in types.fields(root) {
                let name = field.name.node.to_string();
                let arguments = arguments(&name).unwrap_or_else(|| panic!("`arguments` has no {name}"));
                let given: Vec<&InputValueDefinition> = field.arguments.iter().map(|it| &it.node).collect();
                let listed: HashSet<String> = placeholders(&arguments, "").into_iter().map(|(path, _)| path).collect();
                for path in ids(types, &given, "") {
                    assert!(listed.contains(&path), "`arguments` has no {path} for {name}");
                }
                let used = given.iter().filter(|it| arguments.get(it.name.node.as_str()).is_some());
                let (declared, passed): (Vec<_>, Vec<_>) = used
                    .map(|it| (format!("${}: {}", it.name.node, it.ty.node), format!("{0}: ${0}", it.name.node)))
                    .unzip();
                let brackets =
                    |list: Vec<String>| if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) };
                let selection = match base_type(&field.ty.node) {
                    "Node" => "{ __typename id }".to_owned(),
                    ty => types.select_all(ty, 2),
                };
                let document = format!("{keyword}{} {{ {name}{} {selection} }}", brackets(declared), brackets(passed));
                all.push(Self { name, document, is_subscription: root == "Subscription", arguments });
            }
        }
        // The last, because it ends the client's token.
        all.sort_by_key(|it| it.name == "logoutEverywhere");
        all
    }

    async fn run(&self, client: &Client<'_>, arguments: Value) -> Value {
        if self.is_subscription {
            let mut responses = client.subscribe(&self.document, arguments.clone()).await;
            // The stream sends nothing until the campaign changes.
            let edits = async {
                for number in 0.. {
                    let input =
                        json!({ "input": { "id": arguments["campaignId"], "title": format!("edit {number}") } });
                    client.run(UPDATE_CAMPAIGN, input).await;
                }
            };
            return tokio::select! {
                response = next_response(&mut responses) => response.unwrap_or_default(),
                () = edits => Value::Null,
            };
        }
        client.run(&self.document, arguments).await
    }

    /// The arguments with a value for each placeholder; at `path`, another value.
    fn with(&self, ours: &Objects, path: &str, other: &str) -> Value {
        let mut arguments = self.arguments.clone();
        for (pointer, kind) in placeholders(&self.arguments, "") {
            let value = if pointer == path { other } else { &ours[kind.as_str()] };
            *arguments.pointer_mut(&pointer).unwrap() = json!(value);
        }
        arguments
    }
}

/// The state of a guild, as its leader sees it.
async fn snapshot(guild: &TestGuild<'_>) -> Value {
    let query = "{
        guild { name region memberCount } ranks { id name level description permissions }
        members(filter: { active: null }) {
            nodes { id displayName rank { name } isRegistered registeredAt lastSeenAt }
        }
        characters { nodes { id name isMain } } auditLog { totalCount }
        campaigns { nodes { id title status turnout { voted } entries { id name sortOrder associatedMember { id } } } }
    }";
    guild.leader().await.ok(query, json!({})).await
}

#[on_both]
async fn objects_of_another_guild_behave_like_unknown_ones(app: TestApp) {
    let discord = LocalDiscord::start().await;
    let app = app.with_bot(&discord).await;
    let (ours, theirs) = (app.guild("ours").await, app.guild("theirs").await);
    let (own, foreign, none) = (objects(&ours).await, objects(&theirs).await, unknown_objects());
    let before = snapshot(&theirs).await;
    let leader = ours.leader().await;
    let mut tried = 0;
    for operation in SchemaOperation::all(&SchemaTypes::parse()) {
        for (path, kind) in placeholders(&operation.arguments, "") {
            let kinds: Vec<&str> = if kind == "@any" { own.keys().copied().collect() } else { vec![kind.as_str()] };
            for kind in kinds.into_iter().filter(|kind| operation.name != "node" || !SECRETS.contains(kind)) {
                let mut responses = Vec::new();
                for (whose, value) in
                    [("foreign", &*foreign[kind]), ("unknown", &*none[kind]), ("malformed", "nonsense")]
                {
                    // Codes, usernames and tokens have no malformed form: any other text is unknown.
                    let value = if whose == "malformed" && SECRETS.contains(&kind) { "nobody" } else { value };
                    responses.push((whose, operation.run(&leader, operation.with(&own, &path, value)).await));
                }
                let (_, first) = &responses[0];
                for (whose, response) in &responses {
                    assert_eq!(response, first, "{} with a {whose} {kind} at {path}", operation.name);
                }
                if path.starts_with("/filter/") {
                    let page = &first["data"][&operation.name];
                    assert_eq!(page["nodes"], json!([]), "{} with {kind} at {path}", operation.name);
                    tried += 1;
                    continue;
                }
                let refused = first["errors"].is_array();
                let null = first["data"][&operation.name].is_null() || first["data"][&operation.name] == json!([null]);
                assert!(refused || null, "{} with {kind} at {path}: {first}", operation.name);
                let is_lookup = ["node", "nodes", "rank", "member", "campaign"].contains(&operation.name.as_str());
                assert_eq!(refused, !is_lookup, "{} with {kind}: {first}", operation.name);
                if refused && !SECRETS.contains(&kind) {
                    let code = first["errors"][0]["extensions"]["code"].as_str().unwrap();
                    let is_pick = operation.name == "castBallot" && path.ends_with('0');
                    let expected = if is_pick { "BAD_USER_INPUT" } else { "NOT_FOUND" };
                    assert_eq!(code, expected, "{} with {kind}", operation.name);
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried}");
    assert_eq!(snapshot(&theirs).await, before, "the other guild has not changed");
}

#[on_both]
async fn no_response_contains_data_of_another_guild(app: TestApp) {
    let discord = LocalDiscord::start().await;
    let app = app.with_bot(&discord).await;
    let (ours, theirs) = (app.guild("ours").await, app.guild("theirs").await);
    let (own, foreign) = (objects(&ours).await, objects(&theirs).await);
    let leader = ours.leader().await;
    let before = snapshot(&theirs).await;
    for operation in SchemaOperation::all(&SchemaTypes::parse()) {
        // Each operation works with the guild's own objects, and shows no others.
        let kinds: Vec<&str> =
            if operation.arguments.to_string().contains("@any") { own.keys().copied().collect() } else { vec![""] };
        for kind in kinds {
            let mut own = own.clone();
            own.insert("@any", own.get(kind).cloned().unwrap_or_default());
            let response = operation.run(&leader, operation.with(&own, "", "")).await.to_string();
            assert!(!response.contains("theirs"), "{}: {response}", operation.name);
            for (kind, value) in &foreign {
                assert!(
                    !response.contains(value.as_str()),
                    "the response of {} contains the other guild's {kind}: {response}",
                    operation.name
                );
            }
        }
    }
    assert_eq!(snapshot(&theirs).await, before, "the other guild has not changed");
    let tokenless = "{ me { id } guild { slug } }";
    assert_eq!(ours.anonymous().ok(tokenless, json!({})).await, json!({ "me": null, "guild": { "slug": "ours" } }));
}

#[on_both]
async fn a_server_without_a_guild_says_how_to_make_the_first_one(app: TestApp) {
    let http = app.serve().await;
    let ask = async |document: &str, guild: Option<&str>| {
        let mut request = http.post(&json!({ "query": document })).header("Accept", "application/json");
        if let Some(guild) = guild {
            request = request.header("X-Guild", guild);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let is_none = json!({ "code": "NOT_FOUND", "reason": "NO_GUILD" });
    for (document, guild) in [
        (GUILD_SLUG, None),
        (GUILD_SLUG, Some("gg")),
        ("mutation { logout { success } }", None),
        ("subscription { campaignChanged { id } }", None),
    ] {
        let (status, response) = ask(document, guild).await;
        assert_eq!((status, &response["errors"][0]["extensions"]), (404, &is_none), "{document} {response}");
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("`guildhall bootstrap`"), "{response}");
    }
    let mut socket = http.connect().await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await, json!({ "close": 4403 }));
    app.guild("gg").await;
    for guild in [None, Some("gg")] {
        assert_eq!(ask(GUILD_SLUG, guild).await, (200, json!({ "data": { "guild": { "slug": "gg" } } })));
    }
    let (status, response) = ask(GUILD_SLUG, Some("hh")).await;
    assert_eq!((status, &response["errors"][0]["extensions"]), (404, &json!({ "code": "NOT_FOUND" })));
}
