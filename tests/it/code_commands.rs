//! Invite and reset codes from the command line, and files that commands write.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::json;

use crate::support::process::{ServerProcess, guildhall, run, stdout};

/// A guild `gg` with the leader `Thal`, the officer `a;=1+1` and the member `bryn`, all without an account.
fn guild(folder: &Path) {
    stdout(&run(folder, &["bootstrap", "--guild", "gg", "--leader", "Thal"]));
    let roster = "discord_username,discord_id,rank\na;=1+1,'700000000000000001,Officer\nbryn,,Member\n";
    fs::write(folder.join("roster.csv"), roster).unwrap();
    stdout(&run(folder, &["import", "roster.csv", "--guild", "gg"]));
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

const REGISTER: &str = "mutation($code: String!, $name: String!) {
    register(input: { inviteCode: $code, discordUsername: $name, password: \"correct horse battery\" }) { accessToken }
}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_for_all_members_without_an_account_are_issued_at_once() {
    let folder = tempfile::tempdir().unwrap();
    guild(folder.path());
    let printed = stdout(&run(folder.path(), &["invite", "--guild", "gg", "--all"]));
    let names: Vec<&str> = printed.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(names, ["Thal", "a;=1+1", "bryn"], "by rank and name");

    // A file replaces the printed codes, and the new codes the former ones.
    let file = folder.path().join("codes.csv");
    let written = run(folder.path(), &["invite", "--guild", "gg", "--all", "--output", "codes.csv"]);
    assert_eq!(stdout(&written), "");
    assert_eq!(mode(&file), 0o600);
    let table = fs::read_to_string(&file).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert!(table.starts_with("discord_username,display_name,code,expires_at,delivery\nThal,Thal,"), "{table}");
    assert_eq!((rows[1][0], rows[1][4]), ("a;'=1+1", "NOT_CONFIGURED"));
    let again = run(folder.path(), &["invite", "--guild", "gg", "--all", "--output", "codes.csv"]);
    assert!(again.status.code() == Some(1) && stderr(&again).contains("codes.csv: "), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(&file).unwrap(), table, "no code was replaced by one that nobody has");

    let served = ServerProcess::start(folder.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let register = async |code: &str, name: &str| {
        served.post(None, REGISTER, json!({ "code": code, "name": name })).await.unwrap()
    };
    let former = printed.lines().last().unwrap().rsplit_once(' ').unwrap().1;
    assert_eq!(register(former, "bryn").await["errors"][0]["extensions"]["reason"], "INVALID_CODE");
    for row in &rows {
        let name = row[0].replace('\'', "");
        assert!(register(row[2], &name).await["data"]["register"]["accessToken"].is_string(), "{name}");
    }
    // All are registered. A reset code is for registered members only.
    assert_eq!(stdout(&run(folder.path(), &["invite", "--all"])), "");
    let one = run(folder.path(), &["invite", "--guild", "gg", "--member", "@bryn#0"]);
    assert!(one.status.code() == Some(1) && stderr(&one).contains("registered already"), "{}", stderr(&one));
    let reset = stdout(&run(folder.path(), &["reset-code", "@Bryn", "--guild", "gg"]));
    let change = "mutation($code: String!) {
        resetPassword(input: { resetCode: $code, discordUsername: \"bryn\", newPassword: \"another horse battery\" }) {
            accessToken
        }
    }";
    let changed = served.post(None, change, json!({ "code": reset.trim() })).await.unwrap();
    assert!(changed["data"]["resetPassword"]["accessToken"].is_string(), "{changed}");
}

#[test]
fn codes_that_cannot_be_issued_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    guild(folder.path());
    for (arguments, expected) in [
        (vec!["invite", "--all", "--limit", "2"], "3 members have no account, more than --limit 2"),
        (vec!["invite", "--member", "nobody"], "there is no member nobody"),
        (vec!["invite"], "required"),
        (vec!["invite", "--all", "--direct-messages"], "GUILDHALL_DISCORD_TOKEN"),
        (vec!["invite", "--all", "--guild", "nowhere"], "no such guild"),
        (vec!["reset-code", "bryn"], "has no account"),
        (vec!["reset-code", "nobody"], "there is no member nobody"),
    ] {
        let output = run(folder.path(), &arguments);
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
    }
    // With a bot, the messages wait for a server.
    let queued = ["invite", "--all", "--direct-messages", "--discord-token", "token", "--output", "codes.csv"];
    stdout(&run(folder.path(), &queued));
    let table = fs::read_to_string(folder.path().join("codes.csv")).unwrap();
    let deliveries: Vec<&str> = table.lines().skip(1).map(|line| line.rsplit_once(',').unwrap().1).collect();
    assert_eq!(deliveries, ["NOT_LINKED", "QUEUED", "NOT_LINKED"]);
}

#[test]
fn an_export_is_private_and_replaces_no_file_unasked() {
    let folder = tempfile::tempdir().unwrap();
    guild(folder.path());
    let export = |arguments: &[&str]| run(folder.path(), &[&["export", "--guild", "gg"], arguments].concat());
    let printed = stdout(&export(&[]));
    assert_eq!(stdout(&export(&["-"])), printed);
    assert!(!folder.path().join("-").exists());
    assert_eq!(stdout(&export(&["-", "--format", "csv"])).lines().count(), 4);

    let file = folder.path().join("roster.json");
    assert_eq!(stdout(&export(&["roster.json"])), "");
    assert_eq!((fs::read_to_string(&file).unwrap(), mode(&file)), (printed.clone(), 0o600));
    fs::write(&file, "precious").unwrap();
    let refused = export(&["roster.json"]);
    assert!(refused.status.code() == Some(1) && stderr(&refused).contains("--force"), "{}", stderr(&refused));
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    stdout(&export(&["roster.json", "--force"]));
    assert_eq!((fs::read_to_string(&file).unwrap(), mode(&file)), (printed, 0o600));
    let nowhere = export(&["no/such/folder/roster.json"]);
    assert!(nowhere.status.code() == Some(1) && stderr(&nowhere).contains("roster.json: "), "{}", stderr(&nowhere));
    let device = export(&["/dev/null"]);
    assert!(device.status.success(), "{}", stderr(&device));
}

#[test]
fn the_options_of_the_demo_have_a_heading_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout(&guildhall(folder.path()).args(["demo", "--help"]).output().unwrap());
    let section = help.split("\nDemo:\n").nth(1).unwrap().split("\n\n\n").next().unwrap();
    let section = section.split("\nDatabase:").next().unwrap();
    for flag in ["--members", "--campaigns", "--ballots", "--no-simulate"] {
        assert!(section.contains(flag), "{flag} is not under \"Demo\": {help}");
    }
    assert!(!section.contains("--bind") && !section.contains("--jwt-secret"), "{section}");
}
