//! Several servers on one PostgreSQL, each a process of its own.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, Socket, TestApp, TestCampaign,
    documents::{CAST_BALLOT, UPDATE_MEMBER},
    process::ServerProcess,
};

const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { revision turnout { voted } isFinal } }";

/// Opens a socket at a server and subscribes to the tally.
async fn watch(served: &ServerProcess, token: &str, campaign: &TestCampaign) -> Socket {
    let mut socket = Socket::open(&served.url.replacen("http", "ws", 1), "graphql-transport-ws").await.unwrap();
    let payload = json!({ "authorization": format!("Bearer {token}") });
    socket.send(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    socket.subscribe("1", WATCH, campaign.vars()).await;
    socket
}

/// Waits for the tally with this number of ballots.
async fn wait_for_tally(socket: &mut Socket, voted: i64) -> Value {
    loop {
        let message = socket.receive().await;
        let tally = &message["payload"]["data"]["voteTally"];
        assert!(tally.is_object(), "{message}");
        if tally["turnout"]["voted"] == voted {
            return tally.clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_share_changes_and_one_can_be_killed() {
    let Some(app) = TestApp::on_postgres().await else { return };
    // The two processes use the system's clock, so the tokens issued here must use it too.
    app.clock.set(guildhall::kernel::clock::Clock::system().now());
    let folder = tempfile::tempdir().unwrap();
    let flags = app.flags();
    let serve: Vec<&str> =
        ["serve", "--bind", "127.0.0.1:0"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let mut voters = Vec::new();
    for name in ["a", "b", "c", "d"] {
        voters.push(guild.member(name, "Member").await);
    }
    let watcher = guild.member("watcher", "Initiate").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let (one, two) = (ServerProcess::start(folder.path(), &serve), ServerProcess::start(folder.path(), &serve));
    let token = |client: &Client<'_>| client.token.clone().unwrap();
    let cast = async |at: &ServerProcess, voter: usize| {
        let response = at.post(Some(&token(&voters[voter])), CAST_BALLOT, campaign.ballot(&[0])).await.unwrap();
        assert!(response.get("errors").is_none(), "{response}");
    };
    let (mut at_one, mut at_two) =
        (watch(&one, &token(&officer), &campaign).await, watch(&two, &token(&officer), &campaign).await);
    let mut watcher_socket = watch(&two, &token(&watcher), &campaign).await;
    for socket in [&mut at_one, &mut at_two, &mut watcher_socket] {
        wait_for_tally(socket, 0).await;
    }
    cast(&one, 0).await;
    cast(&two, 1).await;
    for socket in [&mut at_one, &mut at_two, &mut watcher_socket] {
        wait_for_tally(socket, 2).await;
    }
    // A deactivation at one server ends the member's subscription at the other.
    let deactivate = json!({ "input": { "id": watcher.id, "active": false } });
    let response = one.post(Some(&token(&officer)), UPDATE_MEMBER, deactivate).await.unwrap();
    assert!(response.get("errors").is_none(), "{response}");
    loop {
        let message = watcher_socket.receive().await;
        if message["type"] == "error" {
            assert_eq!(message["payload"][0]["extensions"]["reason"], "INVALID_TOKEN");
            break;
        }
    }
    // After one server is killed, its clients get the current state from the other, which keeps working.
    drop(one);
    cast(&two, 2).await;
    let mut reconnected = watch(&two, &token(&officer), &campaign).await;
    wait_for_tally(&mut reconnected, 3).await;
    wait_for_tally(&mut at_two, 3).await;
    // A new server joins.
    let three = ServerProcess::start(folder.path(), &serve);
    let mut at_three = watch(&three, &token(&officer), &campaign).await;
    wait_for_tally(&mut at_three, 3).await;
    cast(&two, 3).await;
    for socket in [&mut reconnected, &mut at_two, &mut at_three] {
        wait_for_tally(socket, 4).await;
    }
    // A server that shuts down closes its sockets with 1001.
    three.terminate();
    assert_eq!(at_three.receive().await, json!({ "close": 1001 }));
    drop(at_three);
    let ended = async {
        let mut three = three;
        while three.child.try_wait().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the server did not end");
}
