//! What the scaffolded config shows in comments is the default.

use wsgen_runtime::Config;

use crate::support::root;

#[test]
fn the_commented_keys_are_the_defaults() {
    let path = root().join("examples/chat/config/production.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.contains(" = ") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(uncommented.contains("\nmessage_size = "), "{uncommented}");
    let mut shown = Config::from_toml(&uncommented).unwrap();
    // The one default that depends on the machine.
    shown.limits.max_connections = Config::default().limits.max_connections;
    assert_eq!(shown, Config::default());
}
