//! Where a value is in the input of a request.

use std::fmt;

use crate::kernel::error::Refusal;

/// The path of a value inside an argument or a variable, such as `input.entries[1].name`.
#[derive(Clone)]
pub(super) struct InputPath {
    /// The argument or the variable.
    root: String,
    segments: Vec<Segment>,
}

#[derive(Clone)]
enum Segment {
    Field(String),
    Item(usize),
}

impl InputPath {
    /// The path of a whole argument or variable.
    pub(super) fn new(root: impl Into<String>) -> Self {
        Self { root: root.into(), segments: Vec::new() }
    }

    /// The path of a field in the object at this path.
    #[must_use]
    pub(super) fn field(&self, name: &str) -> Self {
        self.with(Segment::Field(name.to_owned()))
    }

    /// The path of an item in the list at this path.
    #[must_use]
    pub(super) fn item(&self, index: usize) -> Self {
        self.with(Segment::Item(index))
    }

    fn with(&self, segment: Segment) -> Self {
        let mut path = self.clone();
        path.segments.push(segment);
        path
    }

    /// Refuses the value at this path. The refusal names its field as operations name theirs: without the argument or
    /// the variable that the input is in, and by the whole list for a value that is not an object.
    pub(super) fn refuse(&self, message: String) -> Refusal {
        let is_field = |segment: &Segment| matches!(segment, Segment::Field(_));
        let named = self.segments.iter().rposition(is_field).map_or(0, |last| last + 1);
        let segments = self.segments.get(..named).unwrap_or_default();
        let root = if segments.first().is_some_and(is_field) { "" } else { &self.root };
        Refusal::input(render(root, segments), message)
    }
}

impl fmt::Display for InputPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&render(&self.root, &self.segments))
    }
}

fn render(root: &str, segments: &[Segment]) -> String {
    segments.iter().fold(root.to_owned(), |path, segment| match segment {
        Segment::Item(index) => format!("{path}[{index}]"),
        Segment::Field(name) if path.is_empty() => name.clone(),
        Segment::Field(name) => format!("{path}.{name}"),
    })
}
