//! Types by the names that JSON Schema has for them, and by those of other languages.

/// The name of the type that is meant, for names that leave no doubt.
pub(crate) fn meant_type(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "array" | "list" => "array",
        "boolean" | "bool" => "boolean",
        "integer" | "int" | "int32" | "int64" | "long" => "integer",
        "null" => "null",
        "number" | "float" | "double" => "number",
        "object" => "object",
        "string" | "str" => "string",
        _ => return None,
    })
}
