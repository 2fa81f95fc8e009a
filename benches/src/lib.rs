//! The generated code that the benchmarks measure.

#[allow(missing_docs, reason = "the document does not describe everything")]
#[rustfmt::skip]
pub mod generated;
