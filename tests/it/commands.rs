//! The command line, run as an operator runs it.

use serde_json::{Value, json};

use crate::support::{
    documents::ME_NAME,
    process::{ServerProcess, guildhall, run, stdout},
    strings,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bootstrapped_guild_is_served_and_its_leader_registers() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = ["bootstrap", "--guild", "emberwatch", "--guild-name", "Emberwatch", "--leader", "Thal"];
    let first = stdout(&run(folder.path(), &bootstrap));
    let second = stdout(&run(folder.path(), &bootstrap));
    assert!(first.len() == 9 && second.len() == 9 && first != second, "only codes: {first:?} {second:?}");
    let served = ServerProcess::start(folder.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let register = "mutation($code: String!) {
        register(input: { inviteCode: $code, discordUsername: \"thal\", password: \"correct horse battery\" }) {
            accessToken
        }
    }";
    let replaced = served.post(None, register, json!({ "code": first.trim() })).await.unwrap();
    assert_eq!(replaced["errors"][0]["extensions"]["reason"], "INVALID_CODE");
    let registered = served.post(None, register, json!({ "code": second.trim() })).await.unwrap();
    let token = registered["data"]["register"]["accessToken"].as_str().unwrap();
    let me = served.post(Some(token), "{ me { rank { name } } guild { name } }", json!({})).await.unwrap();
    assert_eq!(me["data"], json!({ "me": { "rank": { "name": "Guild Leader" } }, "guild": { "name": "Emberwatch" } }));
    let third = run(folder.path(), &bootstrap);
    assert_eq!(third.status.code(), Some(1));
    assert_eq!(third.stdout, b"");

    // The operator's tokens are signed with the key file next to the database, which only its owner may read.
    let minted = stdout(&run(folder.path(), &["token", "--guild", "emberwatch", "--member", "@THAL", "--ttl", "5m"]));
    let all = stdout(&run(folder.path(), &["token", "--guild", "emberwatch", "--all"]));
    assert!(all.starts_with("Thal ") && all.lines().count() == 1, "{all}");
    let (username, token) = minted.trim().split_once(' ').unwrap();
    assert_eq!(username, "Thal");
    let me = served.post(Some(token), ME_NAME, json!({})).await.unwrap();
    assert_eq!(me["data"]["me"]["displayName"], "Thal");
    let key = std::fs::metadata(folder.path().join("guildhall.db.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_ballots_survive_a_kill_and_cannot_be_cast_again() {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "--bind", "127.0.0.1:0", "--members", "150", "--no-simulate"];
    let served = ServerProcess::start(folder.path(), &demo);
    let database = ["--database-url", "sqlite://guildhall-demo.db"];
    let tokens = stdout(&run(folder.path(), &[&["token", "--guild", "emberwatch", "--all"], &database[..]].concat()));
    let live = "{ campaigns(filter: { status: [LIVE] }) { nodes { id turnout { voted } entries { id } } } }";
    let before = served.post(None, live, json!({})).await.unwrap()["data"]["campaigns"]["nodes"][0].clone();
    let picks: Vec<&Value> = before["entries"].as_array().unwrap().iter().take(3).map(|entry| &entry["id"]).collect();
    let input = json!({ "input": { "campaignId": before["id"], "picks": picks } });
    let cast = "mutation($input: CastBallotInput!) { castBallot(input: $input) { ballot { id } } }";
    let voters: Vec<String> =
        tokens.lines().filter_map(|line| line.rsplit_once(' ')).map(|(_, token)| token.to_owned()).collect();
    let mut acknowledged = Vec::new();
    let mut casts = tokio::task::JoinSet::new();
    for token in &voters {
        let (token, input, url) = (token.clone(), input.clone(), served.url.clone());
        casts.spawn(async move {
            let request = reqwest::Client::new()
                .post(url)
                .bearer_auth(&token)
                .json(&json!({ "query": cast, "variables": input }));
            let response: Value = request.send().await.ok()?.json().await.ok()?;
            response["data"]["castBallot"].is_object().then_some(token)
        });
    }
    // The server is killed while it accepts ballots.
    while acknowledged.len() < 30 {
        acknowledged.extend(casts.join_next().await.expect("too few voters").unwrap());
    }
    drop(served);
    while let Some(cast) = casts.join_next().await {
        acknowledged.extend(cast.unwrap());
    }
    let restarted = ServerProcess::start(folder.path(), &[&["serve", "--bind", "127.0.0.1:0"], &database[..]].concat());
    let after = restarted.post(None, live, json!({})).await.unwrap()["data"]["campaigns"]["nodes"][0].clone();
    let voted = |campaign: &Value| usize::try_from(campaign["turnout"]["voted"].as_i64().unwrap()).unwrap();
    assert!(voted(&after) >= voted(&before) + acknowledged.len(), "{} of {}", voted(&after), acknowledged.len());
    for token in &acknowledged {
        let response = restarted.post(Some(token), cast, input.clone()).await.unwrap();
        assert_eq!(response["errors"][0]["extensions"]["reason"], "ALREADY_VOTED", "{response}");
    }
    let unchanged = restarted.post(None, live, json!({})).await.unwrap()["data"]["campaigns"]["nodes"][0].clone();
    assert_eq!(voted(&unchanged), voted(&after));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_can_restart_and_never_overwrites_a_real_guild() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let served = ServerProcess::start(folder.path(), &["demo", "--bind", "127.0.0.1:0", "--no-simulate"]);
        let query =
            "{ members { totalCount } characters { totalCount } campaigns { nodes { status standings { place } } } }";
        let data = served.post(None, query, json!({})).await.unwrap()["data"].clone();
        assert_eq!((&data["members"]["totalCount"], &data["characters"]["totalCount"]), (&json!(40), &json!(90)));
        let campaigns = data["campaigns"]["nodes"].as_array().unwrap();
        assert!(campaigns.iter().any(|it| it["status"] == "LIVE" && it["standings"].as_array().unwrap().len() == 10));
        assert!(campaigns.iter().filter(|it| it["status"] == "CLOSED" && it["standings"].is_array()).count() >= 2);
    }
    let real = ["--database-url", "sqlite://real.db"];
    stdout(&run(folder.path(), &[&["bootstrap", "--guild", "real", "--leader", "x"], &real[..]].concat()));
    let refused = run(folder.path(), &[&["demo", "--bind", "127.0.0.1:0"], &real[..]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("holds a real guild"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_that_is_kept_has_the_same_ids_and_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let start = |flags: &[&str]| {
        let demo = ["demo", "--bind", "127.0.0.1:0", "--no-simulate"];
        ServerProcess::start(folder.path(), &[&demo, flags].concat())
    };
    let query = "{ guild { name } me { id } members { totalCount } campaigns { nodes { id status } } }";
    let live = |data: &Value| {
        let campaigns = data["campaigns"]["nodes"].as_array().unwrap();
        let live: Vec<&Value> = campaigns.iter().filter(|it| it["status"] == "LIVE").collect();
        assert_eq!(live.len(), 1, "{campaigns:?}");
        live[0]["id"].clone()
    };
    // There is nothing to keep yet.
    let served = start(&["--keep"]);
    let database = ["--database-url", "sqlite://guildhall-demo.db"];
    let minted =
        run(folder.path(), &[&["token", "--guild", "emberwatch", "--member", "leader"], &database[..]].concat());
    let token = stdout(&minted).trim().rsplit(' ').next().unwrap().to_owned();
    let before = served.post(Some(&token), query, json!({})).await.unwrap()["data"].clone();
    served.stop();

    let kept = start(&["--keep", "--members", "90"]);
    assert_eq!(kept.post(Some(&token), query, json!({})).await.unwrap()["data"], before);
    let close = "mutation($id: ID!) { closeCampaign(id: $id) { campaign { status } } }";
    let closed = kept.post(Some(&token), close, json!({ "id": live(&before) })).await.unwrap();
    assert_eq!(closed["data"]["closeCampaign"]["campaign"]["status"], "CLOSED", "{closed}");
    kept.stop();

    let another = start(&["--keep"]);
    let after = another.post(Some(&token), query, json!({})).await.unwrap()["data"].clone();
    assert_ne!(live(&after), live(&before));
    let count = |data: &Value| data["campaigns"]["nodes"].as_array().unwrap().len();
    assert_eq!((count(&after), &after["me"]), (count(&before) + 1, &before["me"]));
    another.stop();

    let fresh = start(&[]);
    let refused = fresh.post(Some(&token), query, json!({})).await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
}

#[test]
fn the_demo_prints_the_web_app_first_and_links_to_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = guildhall(folder.path());
    let mut demo = command.args(["demo", "--bind", "127.0.0.1:0", "--no-simulate"]);
    demo = demo.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = demo.spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let lines: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.contains("/graphql")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let addresses: Vec<&str> = lines.iter().filter_map(|line| line.get(line.find("http://")?..)).collect();
    let port = addresses[0].strip_prefix("http://127.0.0.1:").unwrap().trim_end_matches('/').to_owned();
    let expected = |path: &str| format!("http://127.0.0.1:{port}{path}");
    assert!(addresses[1].starts_with(&expected("/votes/")), "{lines:?}");
    let rest = ["/login#as=leader", "/login#as=officer", "/login#as=member", "/login#as=initiate", "/graphiql"];
    assert_eq!(addresses[2..], rest.map(expected), "{lines:?}");
}

#[test]
fn a_roster_is_imported_whole_or_not_at_all_and_exported_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let guild = |arguments: &[&str]| run(folder.path(), &[arguments, &["--guild", "gg"]].concat());
    stdout(&run(folder.path(), &["bootstrap", "--guild", "gg", "--leader", "Thal"]));
    let export = || stdout(&guild(&["export", "--format", "csv"]));
    let before = export();
    let header = "discord_username,discord_id,display_name,rank,character_name,realm,class,spec,role,main_alt\n";
    assert_eq!(before, format!("{header}Thal,,Thal,Guild Leader,,,,,,\n"));
    write(
        "bad.csv",
        "Discord Username;Rank;Character;Realm;Class;Spec;Note\n\
         anna;Veteran;Zoë;Sen'jin;Mage;frost;x\n\
         bert;Chieftain;Bob;Sen'jin;Mage;frost;x\n\
         carl;Member;Carl;Sen'jin;Mage;Havoc;x\n",
    );
    for arguments in [vec!["import", "bad.csv", "--dry-run"], vec!["import", "bad.csv", "--dry-run", "--skip-bad"]] {
        let checked = guild(&arguments);
        assert!(String::from_utf8_lossy(&checked.stderr).contains("bad.csv: line 3: rank: "));
        assert_eq!(checked.status.success(), arguments.len() == 4, "{arguments:?}");
        assert_eq!(export(), before, "a dry run imports nothing");
    }
    let refused = guild(&["import", "bad.csv"]);
    assert_eq!((refused.status.code(), &refused.stdout[..]), (Some(1), &b""[..]));
    let stderr = String::from_utf8(refused.stderr).unwrap();
    for line in
        ["bad.csv: line 3: rank: ", "bad.csv: line 4: spec: ", "unknown column \"Note\"", "2 of 3 rows are invalid"]
    {
        assert!(stderr.contains(line), "{line}: {stderr}");
    }
    assert_eq!(export(), before, "nothing was imported");
    let skipped = guild(&["import", "--skip-bad", "bad.csv"]);
    assert!(String::from_utf8_lossy(&skipped.stderr).contains("bad.csv: line 3: rank: "));
    assert_eq!(
        stdout(&skipped),
        "3 rows: 1 members added, 0 changed; 1 characters added, 0 changed; 0 rows unchanged, 2 left out\n"
    );
    let imported = export();
    assert!(imported.ends_with("anna,,anna,Veteran,Zoë,Sen'jin,MAGE,Frost,RANGED_DPS,main\n"), "{imported}");

    // Importing an exported file changes nothing, from a path or from standard input.
    for name in ["roster.json", "roster.csv"] {
        stdout(&guild(&["export", name]));
        assert_eq!(
            stdout(&guild(&["import", name])),
            "2 rows: 0 members added, 0 changed; 0 characters added, 0 changed; 2 rows unchanged, 0 left out\n"
        );
    }
    let file = std::fs::File::open(folder.path().join("roster.json")).unwrap();
    let piped = guildhall(folder.path()).args(["import", "-", "--guild", "gg"]).stdin(file).output().unwrap();
    assert!(stdout(&piped).contains("2 rows unchanged"));
    let dry_run = stdout(&guild(&["import", "roster.csv", "--dry-run"]));
    assert!(dry_run.starts_with("dry run, nothing was imported: 2 rows: 0 members added"), "{dry_run}");
    // As other programs write it: UTF-16 with a mark, and a line that names the delimiter.
    let table = std::fs::read_to_string(folder.path().join("roster.csv")).unwrap();
    let table = format!("\u{feff}sep=;\r\n{}", table.replace(',', ";").replace('\n', "\r\n"));
    let units: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.path().join("table.txt"), units).unwrap();
    assert!(stdout(&guild(&["import", "table.txt"])).contains("2 rows unchanged"));
    std::fs::write(folder.path().join("roster.xlsx"), b"PK\x03\x04\x14\x00").unwrap();
    // The file can be imported into another guild.
    stdout(&run(folder.path(), &["bootstrap", "--guild", "hh", "--leader", "thal"]));
    stdout(&run(folder.path(), &["import", "roster.json", "--guild", "hh"]));
    assert_eq!(stdout(&run(folder.path(), &["export", "--format", "csv", "--guild", "hh"])).lines().count(), 3);
    for (arguments, expected) in [
        (vec!["import", "nowhere.csv"], "nowhere.csv: No such file"),
        (vec!["import", "roster.xlsx"], "save it as “CSV UTF-8”"),
        (vec!["import", "roster.csv", "--format", "json"], "The file is not JSON"),
    ] {
        let output = guild(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{arguments:?}");
    }
    let nowhere = run(folder.path(), &["import", "roster.csv", "--guild", "nowhere"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no such guild"));
}

#[test]
fn invalid_settings_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (vec!["serve", "--database-url", "mysql://x"], "sqlite://FILE or postgres://"),
        (vec!["serve", "--jwt-secret", "short"], "at least 32 bytes"),
        (vec!["serve", "--database-url", "postgres://127.0.0.1:1/x"], "GUILDHALL_JWT_SECRET is needed on PostgreSQL"),
        (vec!["serve", "--access-ttl", "1000000y"], "from one second to ten years"),
        (vec!["serve", "--trusted-proxies", "10.0.0.0/8,proxy"], "expected ADDRESS or ADDRESS/BITS"),
        (vec!["serve", "--cors-origins", "https://guild.example,https://guild.example/app"], "without a path"),
        (vec!["demo", "--cors-origins", "guild.example"], "SCHEME://HOST:PORT"),
        (vec!["serve", "--address-attempts", "0"], "0"),
        (vec!["token", "--guild", "nowhere", "--all"], "sqlite://guildhall.db does not exist"),
        (vec!["token", "--guild", "nowhere"], "required"),
        (vec!["bootstrap", "--guild", "No Slug", "--leader", "x"], "A slug must be"),
    ] {
        let output = run(folder.path(), &arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn errors_in_settings_do_not_reveal_secrets() {
    const EXPECTED: &str = "sqlite://FILE or postgres://";
    let folder = tempfile::tempdir().unwrap();
    // A URL in the quotes of an env file, which some readers keep, and a URL with a misspelt scheme.
    let (quoted, misspelt) = ("\"postgres://guild:hidden@db/guildhall\"", "postgress://guild:hidden@db/guildhall");
    let output_of = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = guildhall(folder.path()).args(arguments).envs(variables.iter().copied()).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.contains("hidden"), "{arguments:?}: {text}");
        text
    };
    for arguments in [
        &["serve"][..],
        &["doctor"],
        &["migrate"],
        &["schema"],
        &["health"],
        &["backup", "copy.db"],
        &["token", "--guild", "gg", "--all"],
    ] {
        for variable in ["DATABASE_URL", "GUILDHALL_DIRECT_URL"] {
            let text = output_of(arguments, &[(variable, quoted)]);
            assert!(text.contains(EXPECTED), "{arguments:?}: {text}");
        }
    }
    for arguments in [
        &["serve", "--database-url", misspelt][..],
        &["serve", "--direct-url", misspelt],
        &["doctor", "--database-url", misspelt],
        &["migrate", "--to", misspelt],
    ] {
        let text = output_of(arguments, &[]);
        assert!(
            text.contains(EXPECTED) && text.contains(arguments[1].trim_start_matches("doctor")),
            "{arguments:?}: {text}"
        );
    }
    // An empty value holds no secret, so the error quotes it.
    assert!(output_of(&["serve"], &[("DATABASE_URL", "")]).contains("invalid value ''"));
    for (text, line) in [
        ("# ours\nGUILDHALL_JWT_SECRET=two hidden\n", 2),
        ("GUILDHALL_BIND=127.0.0.1:0\n\nhidden+/==\n", 3),
        ("A=1\nGUILDHALL_JWT_SECRET=\"hidden\nB=2\n", 2),
    ] {
        std::fs::write(folder.path().join(".env"), text).unwrap();
        for command in ["serve", "doctor", "schema"] {
            let text = output_of(&[command], &[]);
            assert!(text.contains(&format!(".env, line {line}: expected NAME=VALUE")), "{text}");
        }
    }
    std::fs::write(folder.path().join(".env"), "GUILDHALL_JWT_SECRET=hidden\0\n").unwrap();
    assert!(output_of(&["doctor"], &[]).contains("NUL"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_the_server_despite_an_unfinished_request() {
    use std::io::Write;

    let folder = tempfile::tempdir().unwrap();
    let mut served = ServerProcess::start(folder.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let address = served.url.trim_start_matches("http://").trim_end_matches("/graphql").to_owned();
    let mut half = std::net::TcpStream::connect(address).unwrap();
    half.write_all(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{").unwrap();
    // The second signal, sent once the first was logged, ends the server without waiting for the client.
    served.terminate();
    served.wait_for_log("shutting down");
    served.terminate();
    let ended = tokio::task::spawn_blocking(move || served.child.wait().unwrap()).await.unwrap();
    assert!(ended.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_recounts_a_result_and_anyone_verifies_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let served = ServerProcess::start(folder.path(), &["demo", "--bind", "127.0.0.1:0", "--no-simulate"]);
    let query = "{
        pastVotes { nodes { campaign {
            id title ballotBox { count file ballots(first: 1) { nodes { receipt picks { name } } } }
        } } }
        campaigns(filter: { status: [LIVE] }) { nodes { id } }
    }";
    let data = served.post(None, query, json!({})).await.unwrap()["data"].clone();
    let database = ["--database-url", "sqlite://guildhall-demo.db"];
    let recount = |id: &str| run(folder.path(), &[&["recount", "--campaign", id], &database[..]].concat());
    let stderr = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for vote in data["pastVotes"]["nodes"].as_array().unwrap() {
        let campaign = &vote["campaign"];
        let counted = stdout(&recount(campaign["id"].as_str().unwrap()));
        assert!(counted.starts_with(campaign["title"].as_str().unwrap()), "{counted}");
        assert!(counted.ends_with("The stored result matches the ballots.\n"), "{counted}");
        // Verification needs no database.
        let text = campaign["ballotBox"]["file"].as_str().unwrap();
        std::fs::write(folder.path().join("box.json"), text).unwrap();
        let ballot = &campaign["ballotBox"]["ballots"]["nodes"][0];
        let receipt = ballot["receipt"].as_str().unwrap();
        let verified = stdout(&run(folder.path(), &["verify", "box.json", "--receipt", receipt]));
        let picks = strings(&ballot["picks"], "/name").join(", ");
        assert!(verified.ends_with(&format!("The ballot with this receipt: {picks}\n")), "{verified}");
        let utf_16 = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for marked in [format!("\u{feff}{text}").into_bytes(), utf_16] {
            std::fs::write(folder.path().join("marked.json"), marked).unwrap();
            stdout(&run(folder.path(), &["verify", "marked.json"]));
        }
        let (one, another) = (receipt.to_owned(), receipt.chars().rev().collect::<String>());
        std::fs::write(folder.path().join("forged.json"), text.replace(&one, &another)).unwrap();
        let forged = run(folder.path(), &["verify", "forged.json"]);
        assert_eq!(forged.status.code(), Some(1));
        assert!(stderr(&forged).contains("does not match its receipt"), "{}", stderr(&forged));
        let unknown = run(folder.path(), &["verify", "box.json", "--receipt", &another]);
        assert!(unknown.status.code() == Some(1) && stderr(&unknown).contains("no ballot has the receipt"));
    }
    for (id, expected) in [
        (data["campaigns"]["nodes"][0]["id"].as_str().unwrap(), "not over yet"),
        ("nonsense", "there is no campaign nonsense"),
    ] {
        let refused = recount(id);
        assert!(refused.status.code() == Some(1) && stderr(&refused).contains(expected), "{}", stderr(&refused));
    }
    assert!(stderr(&run(folder.path(), &["verify", "nowhere.json"])).contains("nowhere.json: "));
}
