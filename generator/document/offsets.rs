//! From characters, which the YAML parser counts, to bytes, which everything else counts.

/// Byte offsets of characters, by a mark at every 64th.
pub(super) struct Offsets<'t> {
    text: &'t str,
    /// `None` where all characters have one byte.
    marks: Option<Vec<usize>>,
}

impl<'t> Offsets<'t> {
    const STEP: usize = 64;

    pub(super) fn new(text: &'t str) -> Offsets<'t> {
        let marks = || {
            text.char_indices()
                .step_by(Offsets::STEP)
                .map(|(offset, _)| offset)
                .collect()
        };
        Offsets {
            text,
            marks: (!text.is_ascii()).then(marks),
        }
    }

    pub(super) fn byte(&self, character: usize) -> usize {
        let Some(marks) = &self.marks else {
            return character.min(self.text.len());
        };
        let Some(&mark) = marks.get(character / Offsets::STEP) else {
            return self.text.len();
        };
        let rest = self.text[mark..]
            .char_indices()
            .nth(character % Offsets::STEP);
        rest.map_or(self.text.len(), |(offset, _)| mark + offset)
    }
}
