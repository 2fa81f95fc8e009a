//! "Did you mean": the candidate that a word was most likely meant to be.

/// Longer words are not compared: nobody mistypes them, and the comparison is quadratic in their length.
const LONGEST: usize = 40;

/// Of more candidates than this, the rest is not compared.
const MOST: usize = 1_000;

/// The candidate with the fewest edits from `word`, if that is at most a third of it; the first of equals.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word: Vec<char> = word.chars().take(LONGEST + 1).collect();
    if word.len() > LONGEST {
        return None;
    }
    let allowed = word.len().div_ceil(3);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(MOST) {
        let limit = best.map_or(allowed + 1, |(edits, _)| edits);
        if candidate.len() <= 4 * LONGEST && candidate.chars().count().abs_diff(word.len()) < limit
        {
            let edits = distance(&word, candidate);
            if edits < limit {
                best = Some((edits, candidate));
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many characters must be inserted, removed, changed or swapped with their neighbour; case counts for nothing.
fn distance(word: &[char], candidate: &str) -> usize {
    let lower = |c: &char| c.to_ascii_lowercase();
    let word: Vec<char> = word.iter().map(lower).collect();
    let other: Vec<char> = candidate.chars().map(|c| lower(&c)).collect();
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in word.iter().enumerate() {
        let mut row = vec![i + 1; other.len() + 1];
        for (j, b) in other.iter().enumerate() {
            row[j + 1] = (last[j] + usize::from(a != b))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            let swapped = i > 0 && j > 0 && *a == other[j - 1] && word[i - 1] == *b;
            if swapped {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_what_was_mistyped_and_nothing_far_off() {
        let names = ["publish", "subscribe", "bindings", "parameters"];
        assert_eq!(nearest("pubilsh", names), Some("publish"));
        assert_eq!(nearest("Binding", names), Some("bindings"));
        assert_eq!(nearest("servers", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("é", ["e"]), Some("e"));
    }
}
