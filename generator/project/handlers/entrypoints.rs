//! What the servers of a document ask of a project: an entrypoint and a config for each, and a test that it starts.

use std::collections::BTreeSet;

use super::{Comparison, SERVER_TESTS, Task};
use crate::model::{Server, Service};
use crate::project::disk::Entry;
use crate::scaffold::{self, Addresses};

impl Comparison<'_> {
    /// Writes what new servers need, and says what they ask of files that are there.
    pub(super) fn entrypoints(&mut self, service: &Service) -> Result<(), askama::Error> {
        let mut tests = Vec::new();
        for server in &service.servers {
            let is_new = self.entrypoint(server)?;
            if is_new && self.lacks_test(server) {
                tests.push(scaffold::server_test(server)?);
            }
        }
        if !tests.is_empty() {
            self.plan.tasks.push(Task::TestServers {
                path: SERVER_TESTS.to_owned(),
                code: tests.join("\n"),
            });
        }
        let default_run = self.default_run();
        self.plan.tasks.extend(default_run);
        Ok(())
    }

    /// Writes the entrypoint and the config of a server unless they were written before; whether any was.
    fn entrypoint(&mut self, server: &Server) -> Result<bool, askama::Error> {
        let mut is_new = false;
        let addresses = self.free_addresses(server);
        for file in scaffold::entrypoint(server, self.krate, &addresses)? {
            let known = self.lock.written_once.contains(&file.path);
            self.plan.written_once.insert(file.path.clone());
            match self.disk.at(&file.path) {
                Entry::Nothing if !known => {
                    self.create(file);
                    is_new = true;
                }
                Entry::Other(what) if !known => self.obstacle(file.path, what),
                _ => {}
            }
        }
        Ok(is_new)
    }

    /// Whether the tests of the servers are where they were written, and do not mention this one.
    fn lacks_test(&self, server: &Server) -> bool {
        match self.disk.at(SERVER_TESTS) {
            Entry::File(tests) => {
                let call = format!("{}(", server.function);
                !String::from_utf8_lossy(tests).contains(&call)
            }
            _ => false,
        }
    }

    /// The addresses of the document, or the next ones that no config of the project has.
    fn free_addresses(&self, server: &Server) -> Addresses {
        let configs = self
            .disk
            .iter()
            .map(|(path, entry)| (path.to_owned(), entry.clone()));
        let created =
            self.plan.changes.iter().filter_map(|change| {
                Some((change.path.clone(), Entry::File(change.after.clone()?)))
            });
        let mut taken = BTreeSet::new();
        for (path, entry) in configs.chain(created) {
            if let (true, Entry::File(contents)) = (path.starts_with("config/"), entry) {
                taken.extend(ports(&contents));
            }
        }
        let mut free = |address: &str| {
            let Some((host, port)) = address.rsplit_once(':') else {
                return address.to_owned();
            };
            let first = port.parse::<u16>().unwrap_or_default();
            let port = (first..).find(|port| taken.insert(*port)).unwrap_or(first);
            format!("{host}:{port}")
        };
        Addresses {
            listen: free(&server.listen),
            admin: free(&server.admin),
        }
    }

    /// `cargo run` starts nothing where it has a choice that nobody made.
    fn default_run(&self) -> Option<Task> {
        let is_binary = |path: &str| path.starts_with("src/bin/");
        let mut before = self
            .disk
            .iter()
            .filter(|(path, entry)| is_binary(path) && matches!(entry, Entry::File(_)));
        let (path, _) = before.next()?;
        let another = self
            .plan
            .changes
            .iter()
            .any(|change| is_binary(&change.path));
        let Entry::File(manifest) = self.disk.at("Cargo.toml") else {
            return None;
        };
        let decided = String::from_utf8_lossy(manifest).contains("default-run");
        let binary = path.strip_prefix("src/bin/")?.strip_suffix(".rs")?;
        (another && !decided && before.next().is_none()).then(|| Task::SetDefaultRun {
            binary: binary.to_owned(),
        })
    }
}

/// The ports that a config mentions.
fn ports(config: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(config);
    let Ok(table) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let addresses = ["listen", "admin"]
        .into_iter()
        .filter_map(|section| table.get(section)?.get("address"));
    // One address, or a list of them.
    let addresses = addresses.flat_map(|value| match value.as_array() {
        Some(values) => values.iter().collect(),
        None => vec![value],
    });
    let addresses = addresses.filter_map(|value| value.as_str()?.rsplit_once(':'));
    addresses
        .filter_map(|(_, port)| port.parse().ok())
        .collect()
}
