//! Several channels on one socket of a generated server: JSON that is told apart one level below, and audio beside it.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::{cargo, command, fresh_workspace, project, root, settings, write_files};

/// A generated server in a process of its own; it ends with the test.
struct Process {
    child: Child,
    /// Kept open: a server that cannot log is another test.
    log: Lines<BufReader<ChildStderr>>,
}

impl Process {
    /// Starts the server on a free port, which it logs.
    fn start(project: &Path) -> Self {
        let child = Command::new(command::target().join("debug/local"))
            .current_dir(project)
            .env("WSGEN__LISTEN__ADDRESS", "127.0.0.1:0")
            .env("WSGEN__ADMIN__ADDRESS", "127.0.0.1:0")
            .env("WSGEN__LOG__FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// Where it listens: the first that it logs, or the second.
    fn address(&mut self) -> SocketAddr {
        let events = self.log.by_ref().take(2).map(Result::unwrap);
        let mut events = events.map(|line| serde_json::from_str::<Value>(&line).unwrap());
        let listening = events.find(|event| event["message"] == "listening");
        let address = listening.unwrap()["address"].as_str().unwrap().parse();
        address.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn control_messages_and_audio_share_a_socket() {
    if std::env::var_os("WSGEN_SLOW_TESTS").is_none() {
        eprintln!("skipped: set WSGEN_SLOW_TESTS=1 to run it");
        return;
    }
    let mut server = Process::start(&built());
    let mut client = Client::connect(server.address(), "/v1").await;
    for (id, chunks) in [("a1", vec![3, 4]), ("a2", vec![5])] {
        client.send(&start_message(id, 16000)).await;
        let started = json!({"header": {"id": id, "name": "Started"}});
        assert_eq!(client.receive().await, started);
        for length in &chunks {
            // Audio that looks like JSON is audio all the same.
            client.send_binary(&b"{}0123"[..*length]).await;
        }
        client
            .send(&json!({"header": {"name": "StopTranscription", "id": id}}))
            .await;
        let completed = client.receive().await;
        assert_eq!(completed["header"]["name"], "Completed");
        assert_eq!(completed["bytes"], chunks.iter().sum::<usize>());
    }
    client.send(&start_message("a3", 11025)).await;
    assert_eq!(client.closed().await, 1008);
}

fn start_message(id: &str, rate: u32) -> Value {
    json!({"payload": {"rate": rate}, "header": {"id": id, "name": "StartTranscription"}})
}

/// What `init` makes of the document, with handlers of ours in the place of the stubs, once it is built.
fn built() -> PathBuf {
    let workspace = fresh_workspace("exchange");
    let fixture = root().join("tests/exchange");
    let (_, files) = project(&fixture.join("asyncapi.yaml"), &settings("speech"));
    let project = workspace.join("projects/speech");
    write_files(&project, files);
    for handlers in ["audio.rs", "control.rs", "socket.rs"] {
        let stub = project.join("src/handlers").join(handlers);
        assert!(stub.exists(), "{handlers} is no stub");
        fs::copy(fixture.join(handlers), stub).unwrap();
    }
    cargo(&workspace, &["test", "--quiet"]);
    project
}
