//! What a new project is made of.

/// What a new project is made of, apart from the document.
#[derive(Clone, Debug)]
pub struct Project {
    /// The name of the package.
    pub package: String,
    /// Where the runtime comes from.
    pub runtime: Runtime,
    /// Whether the manifest says that the project is a workspace of its own.
    pub standalone: bool,
    /// Whether to leave out the files for containers and CI.
    pub minimal: bool,
    /// Where the document lies in the project.
    pub document: String,
    /// Where `build.rs` gets wsgen from; `None` where the generated code is among the project's files.
    pub build_script: Option<Runtime>,
    /// Folders of the project, outside the document's own, that hold files that it refers to.
    pub allow_ref_roots: Vec<String>,
}

/// Where a project gets `wsgen-runtime`, or wsgen itself, from.
#[derive(Clone, Debug)]
pub enum Runtime {
    /// A folder, relative to the project or absolute.
    Path(String),
    /// The registry, in this version.
    Version(String),
}
