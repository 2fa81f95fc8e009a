//! Stubs of the handlers: they compile without a warning, run, and say what is left to do.

mod handler;
mod stub;
mod types;

pub use handler::{Handler, handlers};
pub use stub::Names;

use askama::Template;

use crate::model::Service;
use crate::output::OutputFile;

use super::file::user_file;

/// One file for each channel, one for the connection where channels share it, and the module that joins them.
pub(super) fn files(service: &Service) -> Result<Vec<OutputFile>, askama::Error> {
    let handlers = handlers(service);
    let modules = handlers.iter().map(Handler::module).collect();
    let files = handlers.iter().map(Handler::render);
    let mut files = files.collect::<Result<Vec<_>, _>>()?;
    files.push(user_file(
        "src/handlers/mod.rs",
        &HandlersModule { modules },
    )?);
    Ok(files)
}

#[derive(Template)]
#[template(path = "src/handlers/mod.rs.askama")]
struct HandlersModule {
    modules: Vec<String>,
}
