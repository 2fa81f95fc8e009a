//! Tables of messages: what follows from the variants of an enumeration and would else be written out for each.

/// Implements [`Encode`](crate::codegen::Encode) for an enumeration of messages, and `From` for the payloads of those that
/// name their type.
///
/// ```
/// use wsgen_runtime::codegen::{self, Encode};
///
/// pub enum Outbound {
///     Said(String),
///     Left(String),
/// }
///
/// codegen::encode!(Outbound {
///     Said(String): "said" => text,
///     Left: "left" => json,
/// });
///
/// assert_eq!(Outbound::from("hello".to_owned()).name(), "said");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __wsgen_encode {
    ($messages:ty {}) => {
        impl $crate::codegen::Encode for $messages {
            fn encode(self) -> ::core::result::Result<$crate::codegen::Message, $crate::codegen::EncodeError> {
                match self {}
            }

            fn name(&self) -> &'static str {
                match *self {}
            }
        }
    };
    ($messages:ty { $($variant:ident $(($payload:ty))? : $name:literal => $format:ident,)+ }) => {
        impl $crate::codegen::Encode for $messages {
            fn encode(self) -> ::core::result::Result<$crate::codegen::Message, $crate::codegen::EncodeError> {
                match self {
                    $(Self::$variant(message) => $crate::codegen::encode!(@$format message),)+
                }
            }

            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }
        }
        $($(
            impl ::core::convert::From<$payload> for $messages {
                fn from(message: $payload) -> Self {
                    Self::$variant(message)
                }
            }
        )?)+
    };
    (@json $message:ident) => { $crate::codegen::to_json(&$message) };
    (@message_pack $message:ident) => { $crate::codegen::to_message_pack(&$message) };
    (@cbor $message:ident) => { $crate::codegen::to_cbor(&$message) };
    (@text $message:ident) => { ::core::result::Result::Ok($crate::codegen::Message::from($message.as_str())) };
    (@binary $message:ident) => { ::core::result::Result::Ok($crate::codegen::Message::from($message)) };
}

/// Makes the replies to one request messages of the route, and their payloads replies.
#[doc(hidden)]
#[macro_export]
macro_rules! __wsgen_replies {
    ($replies:ident in $messages:ident { $($variant:ident $(($payload:ty))? ,)+ }) => {
        impl ::core::convert::From<$replies> for $messages {
            fn from(reply: $replies) -> Self {
                match reply {
                    $($replies::$variant(message) => Self::$variant(message),)+
                }
            }
        }
        $($(
            impl ::core::convert::From<$payload> for $replies {
                fn from(message: $payload) -> Self {
                    Self::$variant(message)
                }
            }
        )?)+
    };
}
