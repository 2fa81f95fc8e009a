//! Bars as SVG.

use std::fmt::Write as _;

/// Groups of horizontal bars.
pub(crate) struct Bars {
    pub(crate) title: String,
    /// Each with its label and its bars: name and value.
    pub(crate) groups: Vec<(String, Vec<(String, f64)>)>,
}

const WIDTH: f64 = 860.0;
/// Where bars begin; names are to the left.
const LEFT: f64 = 230.0;
/// Room for the value to the right of the longest bar.
const RIGHT: f64 = 60.0;
const LINE: f64 = 20.0;

impl Bars {
    pub(crate) fn svg(&self) -> String {
        let bars = self.groups.iter().flat_map(|(_, bars)| bars);
        let largest = bars
            .map(|(_, value)| *value)
            .fold(f64::MIN_POSITIVE, f64::max);
        let scale = (WIDTH - LEFT - RIGHT) / largest;
        let mut body = String::new();
        let mut y = LINE * 1.5;
        text(&mut body, 10.0, y, "bold", &self.title);
        for (label, bars) in &self.groups {
            y += LINE * 1.6;
            text(&mut body, 10.0, y, "bold", label);
            for (name, value) in bars {
                y += LINE;
                text(&mut body, 20.0, y, "normal", name);
                let colour = if name.starts_with("wsgen") {
                    "#d9480f"
                } else {
                    "#748094"
                };
                let (top, length) = (y - LINE * 0.7, value * scale);
                let _ = writeln!(
                    body,
                    r#"<rect x="{LEFT}" y="{top:.1}" width="{length:.1}" height="14" fill="{colour}"/>"#
                );
                text(
                    &mut body,
                    LEFT + length + 6.0,
                    y,
                    "normal",
                    &format!("{value:.2}"),
                );
            }
        }
        let height = y + LINE;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// The texts are ours and have nothing to escape.
fn text(body: &mut String, x: f64, y: f64, weight: &str, text: &str) {
    let _ = writeln!(
        body,
        r#"<text x="{x:.1}" y="{y:.1}" font-weight="{weight}">{text}</text>"#
    );
}
