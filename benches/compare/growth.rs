//! What the generator takes, and how that grows with the document.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::report::Table;
use crate::run::{self, Taken, timed};

/// Messages of the documents, each with a channel of its own.
const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

/// What is run on each document.
const COMMANDS: [&str; 2] = ["check", "init"];

/// Milliseconds by command and size of the document, and the exponent by which they grow.
pub(crate) fn measure(smoke: bool) -> io::Result<Table> {
    let wsgen = run::wsgen()?;
    let folder = run::scratch("growth")?;
    let sizes = if smoke { &SIZES[..1] } else { &SIZES };
    let heads = sizes.iter().map(|size| format!("{size} messages"));
    let heads = std::iter::once("processor ms / wall ms".to_owned()).chain(heads);
    let mut table =
        Table::new(heads.chain(["a document of 4 KB".to_owned(), "exponent".to_owned()]));
    let mut documents = Vec::new();
    for &size in sizes {
        let path = folder.join(format!("{size}.yaml"));
        fs::write(&path, document(size))?;
        documents.push((size, path));
    }
    let usual = run::root().join("examples/game/asyncapi.yaml");
    for command in COMMANDS {
        let mut row = vec![format!("`wsgen {command}`")];
        let mut points = Vec::new();
        for (size, path) in &documents {
            eprintln!("wsgen {command}, {size} messages …");
            let times = if smoke {
                1
            } else {
                u32::try_from(5_000 / size).unwrap_or(1).clamp(3, 50)
            };
            let taken = run_once(&wsgen, command, path, &folder, times)?;
            points.push((*size as f64, taken.processor.as_secs_f64()));
            row.push(shown(taken));
        }
        let times = if smoke { 1 } else { 50 };
        row.push(shown(run_once(&wsgen, command, &usual, &folder, times)?));
        // Of a small document the process start is most.
        row.push(
            exponent(points.get(1..).unwrap_or_default())
                .map_or_else(String::new, |exponent| format!("{exponent:.2}")),
        );
        table.row(row);
    }
    fs::remove_dir_all(folder)?;
    Ok(table)
}

/// Each project is new, and none is removed before all is measured: a file system that has just lost thousands of files
/// takes seconds longer to make others.
fn run_once(
    wsgen: &Path,
    command: &str,
    document: &Path,
    folder: &Path,
    times: u32,
) -> io::Result<Taken> {
    let name = document.file_stem().unwrap_or_default();
    timed(times, |run| {
        let mut command_line = Command::new(wsgen);
        command_line.args([command, "--quiet"]).arg(document);
        if command == "init" {
            let project = format!("{}-{run}", name.display());
            command_line.arg(folder.join(project));
        }
        command_line
    })
}

fn shown(taken: Taken) -> String {
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    format!(
        "{:.0} / {:.0}",
        milliseconds(taken.processor),
        milliseconds(taken.wall)
    )
}

/// The slope of the straight line through the logarithms.
fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let logarithms = || points.iter().map(|(size, time)| (size.ln(), time.ln()));
    let middle = |pick: fn((f64, f64)) -> f64| logarithms().map(pick).sum::<f64>() / count;
    let (x, y) = (middle(|point| point.0), middle(|point| point.1));
    let rise: f64 = logarithms()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let run: f64 = logarithms().map(|point| (point.0 - x).powi(2)).sum();
    (points.len() > 1).then(|| rise / run)
}

/// A document with so many channels, each with a message and an operation; wsgen reads no more than 8 MiB of text.
fn document(size: usize) -> String {
    let mut channels = String::from("channels:\n");
    let mut operations = String::from("operations:\n");
    let mut messages = String::from("components:\n  messages:\n");
    for index in 0..size {
        let _ = write!(
            channels,
            "  sensor{index}:
    address: /sensors/{index}
    description: What the sensor number {index} says.
    messages:
      reading{index}:
        $ref: '#/components/messages/reading{index}'
"
        );
        let _ = write!(
            operations,
            "  receiveReading{index}:
    action: receive
    summary: Takes a reading of the sensor number {index}.
    channel:
      $ref: '#/channels/sensor{index}'
"
        );
        let _ = write!(
            messages,
            "    reading{index}:
      summary: A reading of the sensor number {index}.
      payload:
        type: object
        required: [type, at, value]
        properties:
          type: {{const: reading{index}}}
          at: {{type: string, format: date-time, description: When it was taken.}}
          value: {{type: number, minimum: -273.15}}
          unit: {{type: string, enum: [celsius, kelvin]}}
          tags: {{type: array, items: {{type: string}}, maxItems: 10}}
"
        );
    }
    let head = "asyncapi: 3.0.0
info: {title: Sensors, version: 1.0.0}
servers:
  main: {host: 'localhost:8080', protocol: ws}
";
    format!("{head}{channels}{operations}{messages}")
}
