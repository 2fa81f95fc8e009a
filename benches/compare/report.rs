//! Tables and drawings, on standard output and in `docs/`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

/// A Markdown table.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<Text: Into<String>>(heads: impl IntoIterator<Item = Text>) -> Self {
        let heads: Vec<String> = heads.into_iter().map(Into::into).collect();
        let rule = heads.iter().enumerate().map(|(column, _)| match column {
            0 => "---".to_owned(),
            _ => "---:".to_owned(),
        });
        let rule = rule.collect();
        Self {
            rows: vec![heads, rule],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn markdown(&self) -> String {
        self.rows.iter().fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            text
        })
    }
}

/// Puts `text` between the marks `<!-- section -->` and `<!-- /section -->` of a page in `docs/`.
pub(crate) fn write_section(page: &str, section: &str, text: &str) -> io::Result<()> {
    let path = docs().join(page);
    let page = fs::read_to_string(&path)?;
    let (begin, end) = (
        format!("<!-- {section} -->\n"),
        format!("<!-- /{section} -->"),
    );
    let missing = || io::Error::other(format!("no marks of {section} in {}", path.display()));
    let (before, rest) = page.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    fs::write(&path, format!("{before}{begin}{text}{end}{after}"))
}

/// Writes a drawing beside the page.
pub(crate) fn write_drawing(name: &str, svg: &str) -> io::Result<()> {
    let folder = docs().join("performance");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.svg")), svg)
}

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Processor and system, in one line.
pub(crate) fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |line| {
            line.trim_start_matches([' ', '\t', ':'])
        });
    let count = processors
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let release = read("/proc/sys/kernel/osrelease");
    let system = release
        .split('-')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    format!("{model}, {count} processors, Linux {system}")
}
