//! Types as text, as the user's code writes them.

use crate::model::{Integer, Type, Types};
use crate::naming::raw_identifier;

/// A type as it is written where the generated module `messages` goes by the name `messages`.
pub(super) fn type_text(ty: &Type, types: &Types, messages: &str) -> String {
    let inner = |ty: &Type| type_text(ty, types, messages);
    match ty {
        Type::Boolean => "bool".to_owned(),
        Type::Integer(Integer::I32) => "i32".to_owned(),
        Type::Integer(Integer::I64) => "i64".to_owned(),
        Type::Integer(Integer::U32) => "u32".to_owned(),
        Type::Integer(Integer::U64) => "u64".to_owned(),
        Type::Number => "f64".to_owned(),
        Type::String => "String".to_owned(),
        Type::Bytes => "wsgen_runtime::Bytes".to_owned(),
        Type::Value => "wsgen_runtime::codegen::serde_json::Value".to_owned(),
        Type::Null => "()".to_owned(),
        Type::List(item) => format!("Vec<{}>", inner(item)),
        Type::Tuple(items) => match items.as_slice() {
            [only] => format!("({},)", inner(only)),
            several => {
                let several: Vec<String> = several.iter().map(inner).collect();
                format!("({})", several.join(", "))
            }
        },
        Type::Map(value) => format!("std::collections::BTreeMap<String, {}>", inner(value)),
        Type::Optional(ty) => format!("Option<{}>", inner(ty)),
        Type::Boxed(ty) => format!("Box<{}>", inner(ty)),
        Type::Checked(ty, _) => inner(ty),
        Type::Named(id) => format!("{messages}::{}", raw_identifier(&types.get(*id).name)),
    }
}

/// Whether a type is one of the document's, or holds one.
pub(super) fn is_generated(ty: &Type) -> bool {
    match ty {
        Type::Named(_) => true,
        Type::List(inner)
        | Type::Map(inner)
        | Type::Optional(inner)
        | Type::Boxed(inner)
        | Type::Checked(inner, _) => is_generated(inner),
        Type::Tuple(items) => items.iter().any(is_generated),
        _ => false,
    }
}
