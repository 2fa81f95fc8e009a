//! Generates the code of the API from `asyncapi.yaml`.

fn main() -> Result<(), wsgen::BuildError> {
    wsgen::Builder::new().generate("asyncapi.yaml")
}
