//! The program, run as an operator runs it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread::JoinHandle,
};

use serde_json::{Value, json};

pub fn guildhall(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
    command.current_dir(folder).env_clear().env("RUST_LOG", "info");
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    guildhall(folder).args(arguments).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A server that is killed, without warning, when it goes out of scope.
pub struct Served {
    pub child: Child,
    pub url: String,
    /// What it logs, as it does.
    messages: mpsc::Receiver<String>,
    /// All that it has logged, once it has ended.
    log: Option<JoinHandle<Vec<String>>>,
}

impl Served {
    /// Starts a command that serves, and waits until it says where.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    /// With these variables, too.
    pub fn start_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = guildhall(folder);
        let mut child = command
            .envs(variables.iter().copied())
            .args(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, messages) = mpsc::channel();
        // Read on to its end, also when nobody listens, so that the server never waits for a full pipe.
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            for line in lines.map_while(Result::ok) {
                let json: Value = serde_json::from_str(&line).unwrap_or_default();
                let _ = sender.send(json["message"].as_str().unwrap_or_default().to_owned());
                log.push(line);
            }
            log
        });
        let mut served = Self { child, url: String::new(), messages, log: Some(log) };
        served.url = format!("{}/graphql", served.wait_for("serving on "));
        served
    }

    /// Waits until it logs a message that starts so; the rest of it.
    pub fn wait_for(&self, start: &str) -> String {
        let mut messages = self.messages.iter();
        messages
            .find_map(|it| it.strip_prefix(start).map(str::to_owned))
            .unwrap_or_else(|| panic!("it never said {start:?}"))
    }

    /// Ends it, and gives what it has logged.
    pub fn end(mut self) -> Vec<String> {
        self.tell_to_end();
        assert!(self.child.wait().unwrap().success());
        self.log.take().unwrap().join().unwrap()
    }

    pub fn tell_to_end(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn ask(served: &Served, token: Option<&str>, query: &str, variables: Value) -> Result<Value, reqwest::Error> {
    let mut request = reqwest::Client::new().post(&served.url).json(&json!({ "query": query, "variables": variables }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await?.json().await
}
