//! A route: its handler traits, its messages, and the endpoint that joins them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::model::{Channel, Content, Layout, MessageSet, Parameter, ParameterDefault, ParameterLocation, Reply, Route, Service, Traffic, Types};

use super::dispatch::{Target, select};
use super::docs::{docs, module_docs};
use super::names::{ident, qualified};

/// Renders the module of a route.
pub(super) fn render(service: &Service, route: &Route) -> TokenStream {
    let types = &service.types;
    let title = format!("`{}`", route.path);
    let header = module_docs(std::iter::once(title.as_str()).chain(route.docs.iter().map(String::as_str)));
    let imports = imports(route, types);
    let traits = traits(route, types);
    let context = context(route);
    let request = request(route, types);
    let (messages, endpoint) = match &route.traffic {
        Traffic::Raw => (TokenStream::new(), raw_endpoint(route, types)),
        Traffic::Typed { inbound, outbound } => {
            let replies = route.channels.iter().flat_map(|channel| &channel.methods).filter_map(|method| choice(method.reply.as_ref()?, outbound, types));
            let inbound_tokens = inbound_enum(inbound, types);
            let outbound_tokens = outbound_enum(outbound, types);
            (quote!(#inbound_tokens #outbound_tokens #(#replies)*), typed_endpoint(route, inbound, outbound, types))
        }
    };
    quote! {
        #header
        #imports
        #traits
        #context
        #request
        #messages
        #endpoint
    }
}

fn imports(route: &Route, types: &Types) -> TokenStream {
    let uses_messages = uses_messages(route, types).then(|| quote!(use super::messages;));
    let (codegen, names) = match &route.traffic {
        Traffic::Raw => (quote!(use ::wsgen_runtime::codegen;), quote!(CloseReason, Error, Handshake, Message, Reject, Topics)),
        Traffic::Typed { .. } => (
            quote!(use ::wsgen_runtime::codegen::{self, Decode, Encode, Frame};),
            quote!(CloseReason, DecodeError, EncodeError, Error, Handshake, Message, Reject, Topics),
        ),
    };
    quote! {
        use ::std::future::Future;
        use ::std::sync::Arc;
        #codegen
        use ::wsgen_runtime::{#names};
        #uses_messages
    }
}

fn uses_messages(route: &Route, types: &Types) -> bool {
    let of_messages = match &route.traffic {
        Traffic::Raw => Vec::new(),
        Traffic::Typed { inbound, outbound } => inbound.variants.iter().chain(&outbound.variants).map(|variant| &variant.ty).collect(),
    };
    let of_parameters = route.parameters.iter().map(|parameter| &parameter.ty);
    of_messages.into_iter().chain(of_parameters).any(|ty| qualified(ty, types).to_string().contains("messages ::"))
}

/// The trait of the connection; where several channels share the socket, a trait for each of them as well.
fn traits(route: &Route, types: &Types) -> TokenStream {
    let name = ident(&route.trait_name);
    let shared = route.layout == Layout::Multiplexed;
    let headline = match shared {
        true => format!("Handles the connections at `{}`.", route.path),
        false => format!("Handles `{}`.", route.path),
    };
    let docs = docs(std::iter::once(headline.as_str()).chain(route.docs.iter().map(String::as_str)));
    let own = if shared { TokenStream::new() } else { methods(route, &route.channels[0], types) };
    let invalid = matches!(route.traffic, Traffic::Typed { .. }).then(|| {
        quote! {
            /// What to do with a message that is not one of this channel's: by default the connection is closed, or the
            /// message is ignored, as the config says.
            fn invalid(&self, cx: &mut Context<'_, Self>, error: DecodeError) -> impl Future<Output = Result<(), Error>> + Send {
                async move { cx.refuse(error) }
            }
        }
    });
    let raw = raw_method(route);
    let outbound = outbound_name(route);
    let channels = shared.then(|| route.channels.iter().filter(|channel| !channel.methods.is_empty()).map(|channel| channel_trait(route, channel, types)).collect::<TokenStream>());
    quote! {
        #docs
        pub trait #name: Send + Sync + 'static {
            /// What you keep for one connection.
            type Session: Send + 'static;

            /// Decides about a client that wants to connect.
            fn connect(&self, request: Request) -> impl Future<Output = Result<Self::Session, Reject>> + Send;

            /// Called once the connection is open, before the first message.
            fn connected(&self, _cx: &mut Context<'_, Self>) -> impl Future<Output = Result<(), Error>> + Send {
                async { Ok(()) }
            }

            #own
            #raw
            #invalid

            /// Called when the connection is over.
            fn disconnected(&self, _session: Self::Session, _reason: CloseReason) -> impl Future<Output = ()> + Send {
                async {}
            }

            /// Runs beside the server, to publish what no message asked for; ended when the server is.
            fn background(&self, _topics: Topics<#outbound>) -> impl Future<Output = ()> + Send {
                async {}
            }
        }
        #channels
    }
}

fn channel_trait(route: &Route, channel: &Channel, types: &Types) -> TokenStream {
    let name = ident(&channel.trait_name);
    let socket = ident(&route.trait_name);
    let headline = format!("Handles the channel `{}`.", channel.name);
    let docs = docs(std::iter::once(headline.as_str()).chain(channel.docs.iter().map(String::as_str)));
    let methods = methods(route, channel, types);
    quote! {
        #docs
        pub trait #name: #socket {
            #methods
        }
    }
}

fn methods(route: &Route, channel: &Channel, types: &Types) -> TokenStream {
    let Traffic::Typed { inbound, outbound } = &route.traffic else { return TokenStream::new() };
    channel
        .methods
        .iter()
        .map(|method| {
            let name = ident(&method.name);
            let docs = docs(method.docs.iter().map(String::as_str));
            let message = qualified(&inbound.variants[method.message].ty, types);
            let output = reply_type(method.reply.as_ref(), outbound, types);
            quote! {
                #docs
                fn #name(&self, cx: &mut Context<'_, Self>, message: #message) -> impl Future<Output = Result<#output, Error>> + Send;
            }
        })
        .collect()
}

/// The method for frames that are passed on as they are.
fn raw_method(route: &Route) -> Option<TokenStream> {
    match &route.traffic {
        Traffic::Raw => Some(quote! {
            /// Receives a text or binary message.
            fn message(&self, cx: &mut Context<'_, Self>, message: Message) -> impl Future<Output = Result<(), Error>> + Send;
        }),
        Traffic::Typed { inbound, .. } if !inbound.dispatch.ambiguous.is_empty() => {
            let names = inbound.dispatch.ambiguous.iter().map(|&index| format!("`{}`", inbound.variants[index].name)).collect::<Vec<_>>().join(", ");
            let docs = docs([format!("Receives what nothing tells apart, undecoded: {names}.").as_str()]);
            Some(quote! {
                #docs
                fn raw(&self, cx: &mut Context<'_, Self>, message: Message) -> impl Future<Output = Result<(), Error>> + Send;
            })
        }
        Traffic::Typed { .. } => None,
    }
}

fn context(route: &Route) -> TokenStream {
    let name = ident(&route.trait_name);
    let outbound = outbound_name(route);
    quote! {
        /// The connection that a handler works on: sends, joins topics, publishes, closes.
        pub type Context<'a, H> = ::wsgen_runtime::Context<'a, <H as #name>::Session, #outbound>;
    }
}

fn outbound_name(route: &Route) -> TokenStream {
    match route.traffic {
        Traffic::Raw => quote!(Message),
        Traffic::Typed { .. } => quote!(Outbound),
    }
}

fn request(route: &Route, types: &Types) -> TokenStream {
    let fields = route.parameters.iter().map(|parameter| {
        let docs = docs(parameter.docs.as_deref());
        let name = ident(&parameter.field);
        let ty = qualified(&parameter.ty, types);
        let ty = if parameter.required || parameter.default.is_some() { ty } else { quote!(Option<#ty>) };
        quote!(#docs pub #name: #ty,)
    });
    let principal = route.authenticated.then(|| {
        quote! {
            /// Who connects.
            pub principal: ::wsgen_runtime::Principal,
        }
    });
    quote! {
        /// A client that wants to connect.
        #[derive(Clone, Debug)]
        pub struct Request {
            #(#fields)*
            #principal
            /// The request itself: headers, address of the peer, subprotocol.
            pub handshake: Handshake,
        }
    }
}

fn read_request(route: &Route, types: &Types) -> TokenStream {
    let fields = route.parameters.iter().map(|parameter| read_parameter(parameter, types));
    let principal = route.authenticated.then(|| quote!(principal: handshake.authenticated()?,));
    quote!(Request { #(#fields)* #principal handshake })
}

fn read_parameter(parameter: &Parameter, types: &Types) -> TokenStream {
    let field = ident(&parameter.field);
    let name = &parameter.name;
    let read = match (parameter.location, parameter.required) {
        (ParameterLocation::Path, _) => quote!(handshake.path(#name)?),
        (ParameterLocation::Query, true) => quote!(handshake.required_query(#name)?),
        (ParameterLocation::Query, false) => quote!(handshake.query(#name)?),
        (ParameterLocation::Header, true) => quote!(handshake.required_header(#name)?),
        (ParameterLocation::Header, false) => quote!(handshake.header(#name)?),
    };
    let default = parameter.default.as_ref().map(|default| default_tokens(default, types));
    quote!(#field: #read #default,)
}

fn default_tokens(default: &ParameterDefault, types: &Types) -> TokenStream {
    let value = match default {
        ParameterDefault::String(text) if text.is_empty() => return quote!(.unwrap_or_default()),
        ParameterDefault::String(text) => return quote!(.unwrap_or_else(|| #text.to_owned())),
        ParameterDefault::Boolean(value) => quote!(#value),
        ParameterDefault::Integer(number) => {
            let number = proc_macro2::Literal::i64_unsuffixed(*number);
            quote!(#number)
        }
        ParameterDefault::Number(number) => {
            let number = proc_macro2::Literal::f64_unsuffixed(*number);
            quote!(#number)
        }
        ParameterDefault::Variant(id, variant) => {
            let name = ident(&types.get(*id).name);
            let variant = ident(variant);
            quote!(messages::#name::#variant)
        }
    };
    quote!(.unwrap_or(#value))
}

fn inbound_enum(set: &MessageSet, types: &Types) -> TokenStream {
    let told: Vec<usize> = (0..set.variants.len()).filter(|index| !set.dispatch.ambiguous.contains(index)).collect();
    let entries = told.iter().map(|&index| entry(set, index, types));
    let raw = (!set.dispatch.ambiguous.is_empty()).then(|| quote! {
        /// What nothing tells apart, undecoded.
        Raw(Message),
    });
    let names = told.iter().map(|&index| name_arm(set, index));
    let raw_name = raw.is_some().then(|| quote!(Self::Raw(_) => "raw",));
    let decode = decode(set);
    let subject = if told.is_empty() && raw.is_none() { quote!(*self) } else { quote!(self) };
    let unused = decode.is_none().then(|| quote!(let _ = frame;));
    let decode = decode.unwrap_or_else(|| quote!(Err(DecodeError::unknown(None))));
    quote! {
        /// What arrives.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Inbound {
            #(#entries)*
            #raw
        }
        impl Decode for Inbound {
            fn decode(frame: &Frame) -> Result<Self, DecodeError> {
                #unused
                #decode
            }

            fn name(&self) -> &'static str {
                match #subject {
                    #(#names)*
                    #raw_name
                }
            }
        }
    }
}

fn entry(set: &MessageSet, index: usize, types: &Types) -> TokenStream {
    let variant = &set.variants[index];
    let docs = docs(variant.docs.iter().take(1).map(String::as_str));
    let name = ident(&variant.variant);
    let ty = qualified(&variant.ty, types);
    quote!(#docs #name(#ty),)
}

fn name_arm(set: &MessageSet, index: usize) -> TokenStream {
    let variant = ident(&set.variants[index].variant);
    let name = &set.variants[index].name;
    quote!(Self::#variant(_) => #name,)
}

/// The body of `decode`; `None` where nothing can arrive.
fn decode(set: &MessageSet) -> Option<TokenStream> {
    if set.variants.is_empty() {
        return None;
    }
    let targets: Vec<Target> = set
        .variants
        .iter()
        .map(|variant| {
            let name = ident(&variant.variant);
            match variant.content {
                Content::Text => Target::text(quote!(Self::#name)),
                Content::Json | Content::Binary => Target::json(quote!(Self::#name)),
            }
        })
        .collect();
    let ambiguous = !set.dispatch.ambiguous.is_empty();
    let binary = set.dispatch.binary.map(|index| {
        let name = ident(&set.variants[index].variant);
        quote! {
            if let Message::Binary(bytes) = frame.message() {
                return Ok(Self::#name(bytes.clone()));
            }
        }
    });
    if set.dispatch.tag.is_none() && set.dispatch.shapes.is_empty() {
        let otherwise = if ambiguous { quote!(Ok(Self::Raw(frame.message().clone()))) } else { quote!(Err(DecodeError::unknown(None))) };
        return Some(quote!(#binary #otherwise));
    }
    let raw = quote!(Ok(Self::Raw(frame.message().clone())));
    let select = select(&set.dispatch, &targets, &raw);
    Some(quote! {
        #binary
        let payload = frame.bytes();
        #select
    })
}

fn outbound_enum(set: &MessageSet, types: &Types) -> TokenStream {
    let entries = (0..set.variants.len()).map(|index| entry(set, index, types));
    let encode = set.variants.iter().map(|variant| {
        let name = ident(&variant.variant);
        match variant.content {
            Content::Json => quote!(Self::#name(message) => codegen::to_json(message),),
            Content::Text => quote!(Self::#name(message) => Ok(Message::from(message.as_str())),),
            Content::Binary => quote!(Self::#name(message) => Ok(Message::from(message.clone())),),
        }
    });
    let names = (0..set.variants.len()).map(|index| name_arm(set, index));
    let conversions = set.variants.iter().filter(|variant| variant.distinct).map(|variant| {
        let name = ident(&variant.variant);
        let ty = qualified(&variant.ty, types);
        quote! {
            impl From<#ty> for Outbound {
                fn from(message: #ty) -> Self {
                    Self::#name(message)
                }
            }
        }
    });
    let subject = if set.variants.is_empty() { quote!(*self) } else { quote!(self) };
    quote! {
        /// What this server may send here.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Outbound {
            #(#entries)*
        }
        impl Encode for Outbound {
            fn encode(&self) -> Result<Message, EncodeError> {
                match #subject {
                    #(#encode)*
                }
            }

            fn name(&self) -> &'static str {
                match #subject {
                    #(#names)*
                }
            }
        }
        #(#conversions)*
    }
}

/// What a method returns for its message to be answered.
fn reply_type(reply: Option<&Reply>, outbound: &MessageSet, types: &Types) -> TokenStream {
    match reply {
        None => quote!(()),
        Some(Reply { choice: Some(name), .. }) => {
            let name = ident(name);
            quote!(#name)
        }
        Some(reply) => reply.messages.first().map_or_else(|| quote!(()), |&index| qualified(&outbound.variants[index].ty, types)),
    }
}

/// The enumeration of the possible replies of one method.
fn choice(reply: &Reply, outbound: &MessageSet, types: &Types) -> Option<TokenStream> {
    let name = format_ident!("{}", reply.choice.as_ref()?);
    let entries = reply.messages.iter().map(|&index| entry(outbound, index, types));
    let arms = reply.messages.iter().map(|&index| {
        let variant = ident(&outbound.variants[index].variant);
        quote!(#name::#variant(message) => Self::#variant(message),)
    });
    Some(quote! {
        /// What the request is answered with.
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#entries)*
        }
        impl From<#name> for Outbound {
            fn from(reply: #name) -> Self {
                match reply {
                    #(#arms)*
                }
            }
        }
    })
}

fn raw_endpoint(route: &Route, types: &Types) -> TokenStream {
    let receive = quote!(self.0.message(cx, message).await);
    endpoint(route, &quote!(Message), &quote!(Message), &receive, types)
}

fn typed_endpoint(route: &Route, inbound: &MessageSet, outbound: &MessageSet, types: &Types) -> TokenStream {
    let arms = route.channels.iter().flat_map(|channel| &channel.methods).map(|method| {
        let variant = ident(&inbound.variants[method.message].variant);
        let name = ident(&method.name);
        let call = quote!(self.0.#name(cx, message).await);
        match &method.reply {
            None => quote!(Inbound::#variant(message) => #call,),
            Some(reply) => {
                let send = match (&reply.choice, reply.messages.first()) {
                    (None, Some(&index)) => {
                        let variant = ident(&outbound.variants[index].variant);
                        quote!(cx.send(Outbound::#variant(reply)).await)
                    }
                    _ => quote!(cx.send(reply).await),
                };
                quote! {
                    Inbound::#variant(message) => {
                        let reply = #call?;
                        #send
                    }
                }
            }
        }
    });
    let raw = (!inbound.dispatch.ambiguous.is_empty()).then(|| quote!(Inbound::Raw(message) => self.0.raw(cx, message).await,));
    let receive = if inbound.variants.is_empty() {
        quote! {
            let _ = cx;
            match message {}
        }
    } else {
        quote! {
            match message {
                #(#arms)*
                #raw
            }
        }
    };
    endpoint(route, &quote!(Inbound), &quote!(Outbound), &receive, types)
}

fn endpoint(route: &Route, inbound: &TokenStream, outbound: &TokenStream, receive: &TokenStream, types: &Types) -> TokenStream {
    let name = ident(&route.trait_name);
    let label = &route.label;
    let bounds: Vec<_> = match route.layout {
        Layout::Path => vec![name],
        Layout::Multiplexed => std::iter::once(name).chain(route.channels.iter().filter(|channel| !channel.methods.is_empty()).map(|channel| ident(&channel.trait_name))).collect(),
    };
    let subprotocols = &route.subprotocols;
    let subprotocols = (!subprotocols.is_empty()).then(|| quote!(const SUBPROTOCOLS: &'static [&'static str] = &[#(#subprotocols),*];));
    let request = read_request(route, types);
    let invalid = matches!(route.traffic, Traffic::Typed { .. }).then(|| {
        quote! {
            async fn invalid(&self, cx: &mut Context<'_, H>, error: DecodeError) -> Result<(), Error> {
                self.0.invalid(cx, error).await
            }
        }
    });
    quote! {
        /// Joins the handlers to the runtime.
        #[derive(Debug)]
        pub struct Endpoint<H>(pub Arc<H>);

        impl<H: #(#bounds)+*> codegen::Endpoint for Endpoint<H> {
            const CHANNEL: &'static str = #label;
            #subprotocols

            type Session = H::Session;
            type Inbound = #inbound;
            type Outbound = #outbound;

            async fn connect(&self, handshake: Handshake) -> Result<H::Session, Reject> {
                let request = #request;
                self.0.connect(request).await
            }

            async fn connected(&self, cx: &mut Context<'_, H>) -> Result<(), Error> {
                self.0.connected(cx).await
            }

            async fn receive(&self, cx: &mut Context<'_, H>, message: #inbound) -> Result<(), Error> {
                #receive
            }

            #invalid

            async fn disconnected(&self, session: H::Session, reason: CloseReason) {
                self.0.disconnected(session, reason).await;
            }

            async fn background(&self, topics: Topics<#outbound>) {
                self.0.background(topics).await;
            }
        }
    }
}
