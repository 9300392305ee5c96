//! The program, run as an operator runs it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread::JoinHandle,
};

use serde_json::{Value, json};

/// The program in this working directory, without the environment of the tests.
pub fn guildhall(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall"));
    command.current_dir(folder).env_clear().env("RUST_LOG", "info");
    command
}

/// Runs a command to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    guildhall(folder).args(arguments).output().unwrap()
}

/// The standard output of a command that must have succeeded.
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A server in a process of its own, which is killed when it goes out of scope.
pub struct ServerProcess {
    pub child: Child,
    pub url: String,
    /// The log's messages, as they are written.
    messages: mpsc::Receiver<String>,
    /// Returns all lines of the log when the process has ended.
    log: Option<JoinHandle<Vec<String>>>,
}

impl ServerProcess {
    /// Starts a command that serves, and waits until it logs its address.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with_env(folder, arguments, &[])
    }

    /// Starts a command with these environment variables.
    pub fn start_with_env(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
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
        // Reads the log to its end even if the test does not, so that the server never waits for a full pipe.
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            for line in lines.map_while(Result::ok) {
                let json: Value = serde_json::from_str(&line).unwrap_or_default();
                let _ = sender.send(json["message"].as_str().unwrap_or(&line).to_owned());
                log.push(line);
            }
            log
        });
        let mut server = Self { child, url: String::new(), messages, log: Some(log) };
        server.url = format!("{}/graphql", server.wait_for_log("serving on "));
        server
    }

    /// Waits for a log message with this prefix, and returns the rest of the message.
    pub fn wait_for_log(&self, prefix: &str) -> String {
        let mut others = Vec::new();
        for message in &self.messages {
            if let Some(rest) = message.strip_prefix(prefix) {
                return rest.to_owned();
            }
            others.push(message);
        }
        panic!("the server ended without the log message {prefix:?}: {others:#?}")
    }

    /// Posts an operation, and returns the response.
    pub async fn post(&self, token: Option<&str>, query: &str, variables: Value) -> Result<Value, reqwest::Error> {
        let body = json!({ "query": query, "variables": variables });
        let mut request = reqwest::Client::new().post(&self.url).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await?.json().await
    }

    /// Shuts the server down, and returns its log.
    pub fn stop(mut self) -> Vec<String> {
        self.terminate();
        assert!(self.child.wait().unwrap().success());
        self.log.take().unwrap().join().unwrap()
    }

    /// Sends SIGTERM, and does not wait for the end.
    pub fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
