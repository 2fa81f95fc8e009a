//! Files for containers and CI.

use askama::Template;

use crate::model::Server;
use crate::output::OutputFile;

use super::file::{user_file, user_text};

/// The files of a project that starts this server in its container.
pub(super) fn files(server: &Server, package: &str) -> Result<Vec<OutputFile>, askama::Error> {
    let dockerfile = Dockerfile {
        binary: &server.file,
    };
    let deployment = Deployment {
        binary: &server.file,
        package,
        secure: server.secure,
    };
    let compose = Compose {
        secure: server.secure,
    };
    Ok(vec![
        user_file("Dockerfile", &dockerfile)?,
        user_text(".dockerignore", DOCKERIGNORE),
        user_file("deploy/kubernetes.yaml", &deployment)?,
        user_text("deploy/alerts.yaml", ALERTS),
        user_text("deploy/grafana-dashboard.json", DASHBOARD),
        user_file("compose.yaml", &compose)?,
        user_text(".github/workflows/ci.yml", WORKFLOW),
    ])
}

const DOCKERIGNORE: &str = include_str!("../../templates/dockerignore");
const ALERTS: &str = include_str!("../../templates/deploy/alerts.yaml");
const DASHBOARD: &str = include_str!("../../templates/deploy/grafana-dashboard.json");
const WORKFLOW: &str = include_str!("../../templates/.github/workflows/ci.yml");

#[derive(Template)]
#[template(path = "Dockerfile.askama")]
struct Dockerfile<'a> {
    binary: &'a str,
}

#[derive(Template)]
#[template(path = "deploy/kubernetes.yaml.askama")]
struct Deployment<'a> {
    binary: &'a str,
    package: &'a str,
    secure: bool,
}

#[derive(Template)]
#[template(path = "compose.yaml.askama")]
struct Compose {
    secure: bool,
}
