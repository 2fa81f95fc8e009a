//! The other end: a client for each route, where to connect, and as whom.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::markdown::quoted;
use crate::model::{
    Credential, Exchange, Method, ParameterLocation, Reply, Route, SchemeKind, Service, Traffic,
};

use super::docs::{docs, module_docs};
use super::names::{ident, qualified};
use super::pieces::Piece;
use super::route::{decode_outbound, encode_inbound};
use super::unit::{Import, Unit};

/// Renders the module that has the others.
pub(super) fn root(service: &Service) -> TokenStream {
    let header = module_docs(["The other end of the API: a client for each route."]);
    let mut modules: Vec<&str> = service
        .routes
        .iter()
        .map(|route| route.module.as_str())
        .chain(["targets"])
        .collect();
    modules.sort_unstable();
    let modules = modules.into_iter().map(ident);
    quote!(#header #(pub mod #modules;)*)
}

/// Renders the servers' addresses and the credentials that they ask for.
pub(super) fn targets(service: &Service) -> TokenStream {
    let header = module_docs(["Where clients connect, and what they show."]);
    let addresses = service.servers.iter().map(|server| {
        let headline = format!("The server {}.", quoted(&server.name));
        let docs = docs(std::iter::once(headline.as_str()).chain(server.description.as_deref()));
        let name = ident(&server.function.to_uppercase());
        let url = &server.url;
        quote!(#docs pub const #name: &str = #url;)
    });
    let credentials: Vec<TokenStream> = service.credentials.iter().filter_map(credential).collect();
    let imports = (!credentials.is_empty()).then(|| {
        quote!(
            use wsgen_runtime::client::Credential;
        )
    });
    quote!(#header #imports #(#addresses)* #(#credentials)*)
}

fn credential(credential: &Credential) -> Option<TokenStream> {
    let scheme = &credential.scheme;
    let key = |place: TokenStream, name: &str| {
        (quote!(key: impl Into<String>), quote!(#place(#name, key)))
    };
    let (parameters, value) = match &scheme.kind {
        SchemeKind::Bearer => (quote!(token: impl AsRef<str>), quote!(bearer(token))),
        SchemeKind::Basic => (
            quote!(user: impl AsRef<str>, password: impl AsRef<str>),
            quote!(basic(user, password)),
        ),
        SchemeKind::QueryKey(name) => key(quote!(query), name),
        SchemeKind::HeaderKey(name) => key(quote!(header), &name.to_lowercase()),
        SchemeKind::CookieKey(name) => key(quote!(cookie), name),
        SchemeKind::MutualTls => return None,
    };
    let name = ident(&credential.function);
    let docs = docs([format!("What the scheme {} asks for.", quoted(&scheme.name)).as_str()]);
    Some(quote! {
        #docs
        pub fn #name(#parameters) -> Credential {
            Credential::#value
        }
    })
}

/// Renders the client of a route.
pub(super) fn render(service: &Service, route: &Route) -> Vec<Piece> {
    let unit = &Unit::new(&service.types);
    let title = format!("Clients of {}.", quoted(&route.path));
    let header =
        module_docs(std::iter::once(title.as_str()).chain(route.docs.iter().map(String::as_str)));
    let module = ident(&route.module);
    let (sent, received) = match route.traffic {
        Traffic::Raw => (quote!(Message), quote!(Message)),
        Traffic::Typed(_) => (quote!(#module::Inbound), quote!(#module::Outbound)),
    };
    let parameters = parameters(route, unit);
    let connect = connect(route);
    let requests = requests(route, unit, &module);
    let codecs = codecs(route, unit, &module);
    let code = quote! {
        #parameters

        /// An open connection. Dropping it closes it.
        #[derive(Debug)]
        pub struct Client(Connection<#sent, #received>);

        impl Client {
            #connect

            /// Sends a message that the server takes here.
            pub async fn send(&self, message: impl Into<#sent>) -> Result<(), ClientError> {
                self.0.send(message).await
            }

            #requests

            /// What happens next: a message, or the end. `None` after the end.
            pub async fn next(&self) -> Option<Event<#received>> {
                self.0.next().await
            }

            /// Closes the connection; `next` tells when it is closed.
            pub async fn close(&self) {
                self.0.close().await;
            }
        }
    };
    let imports = imports(route, unit);
    let mut pieces = vec![Piece::Items(quote!(#header #imports #code))];
    pieces.extend(codecs);
    pieces
}

/// How messages are written and read from this side.
fn codecs(route: &Route, unit: &Unit<'_>, module: &Ident) -> Vec<Piece> {
    let Traffic::Typed(exchange) = &route.traffic else {
        return Vec::new();
    };
    let encode = encode_inbound(module, &exchange.inbound, unit);
    let decode = decode_outbound(module, &exchange.outbound, unit);
    vec![encode, Piece::Items(decode)]
}

/// What the module needs, once the rest of it is written.
fn imports(route: &Route, unit: &Unit<'_>) -> TokenStream {
    let mut local = vec![route.module.as_str()];
    local.extend(unit.imports(Import::Messages).then_some("messages"));
    local.sort_unstable();
    let local = local.into_iter().map(ident);
    let itself = unit.imports(Import::Codegen).then(|| quote!(self,));
    let check = unit.imports(Import::Check).then(|| quote!(check,));
    let validate = unit.imports(Import::Validate).then(|| quote!(Validate,));
    let traffic = match route.traffic {
        Traffic::Raw => quote! {
            use wsgen_runtime::Message;
        },
        Traffic::Typed(_) => quote! {
            use wsgen_runtime::codegen::{#itself #check Decode, Frame, #validate};
            use wsgen_runtime::DecodeError;
            use super::super::{#(#local),*};
        },
    };
    quote! {
        use wsgen_runtime::client::{ClientError, ConnectError, Connection, Event, Target};
        #traffic
    }
}

/// What a client passes when it connects, if anything.
fn parameters(route: &Route, unit: &Unit<'_>) -> Option<TokenStream> {
    let fields = route.parameters.iter().map(|parameter| {
        let docs = docs(parameter.docs.as_deref());
        let name = ident(&parameter.field);
        let ty = qualified(&parameter.ty, unit);
        let ty = match parameter.required {
            true => ty,
            false => quote!(Option<#ty>),
        };
        quote!(#docs pub #name: #ty,)
    });
    (!route.parameters.is_empty()).then(|| {
        quote! {
            /// What a client passes when it connects.
            #[derive(Clone, Debug)]
            pub struct Parameters {
                #(#fields)*
            }
        }
    })
}

fn connect(route: &Route) -> TokenStream {
    let path = &route.path;
    let passed = route.parameters.iter().map(|parameter| {
        let (name, field) = (&parameter.name, ident(&parameter.field));
        let method = ident(match parameter.location {
            ParameterLocation::Path => "fill",
            ParameterLocation::Query => "query",
            ParameterLocation::Header => "header",
        });
        quote!(.#method(#name, &parameters.#field))
    });
    let subprotocols = &route.subprotocols;
    let subprotocols =
        (!subprotocols.is_empty()).then(|| quote!(.subprotocols(&[#(#subprotocols),*])));
    let parameter = (!route.parameters.is_empty()).then(|| quote!(, parameters: Parameters));
    quote! {
        /// Connects to a server, which `target` names without the path of the route.
        pub async fn connect(target: Target #parameter) -> Result<Self, ConnectError> {
            let target = target.path(#path) #(#passed)* #subprotocols;
            Ok(Self(target.connect().await?))
        }
    }
}

/// A method for each request that is answered.
fn requests(route: &Route, unit: &Unit<'_>, module: &Ident) -> TokenStream {
    route
        .methods()
        .filter_map(|method| request(route, method, unit, module))
        .collect()
}

fn request(route: &Route, method: &Method, unit: &Unit<'_>, module: &Ident) -> Option<TokenStream> {
    let (Traffic::Typed(exchange), Some(reply)) = (&route.traffic, &method.reply) else {
        return None;
    };
    let variant = &exchange.inbound.variants[method.message];
    let request = qualified(&variant.ty, unit);
    let variant = ident(&variant.variant);
    let name = ident(method.request.as_ref()?);
    let output = match reply {
        Reply::One(index) => qualified(&exchange.outbound.variants[*index].ty, unit),
        Reply::Choice { name, .. } => {
            let name = ident(name);
            quote!(#module::#name)
        }
    };
    let correlation = method.correlation.as_ref();
    let remember = correlation.map(|correlation| {
        let field = ident(&correlation.request);
        let clone = (!correlation.is_copy).then(|| quote!(.clone()));
        quote!(let correlation_id = message.#field #clone;)
    });
    let ask = match correlation.is_some_and(|correlation| correlation.is_in_all) {
        true => quote!(request),
        false => quote!(request_in_turn),
    };
    let answer = answer(method, reply, exchange, module);
    let docs = docs(method.docs.iter().map(String::as_str));
    Some(quote! {
        #docs
        pub async fn #name(&self, message: #request) -> Result<#output, ClientError> {
            #remember
            self.0.#ask(#module::Inbound::#variant(message), #answer).await
        }
    })
}

/// The closure that takes the replies to a request, and gives back every other message.
fn answer(method: &Method, reply: &Reply, exchange: &Exchange, module: &Ident) -> TokenStream {
    let correlation = method.correlation.as_ref();
    let arms = reply.messages().iter().map(|&index| {
        let variant = ident(&exchange.outbound.variants[index].variant);
        let correlated = correlation.and_then(|correlation| {
            let mut replies = correlation.replies.iter();
            replies.find(|reply| reply.message == index)
        });
        let guard = correlated.map(|correlated| {
            let field = ident(&correlated.field);
            match correlated.wrap {
                true => quote!(if reply.#field.as_ref() == Some(&correlation_id)),
                false => quote!(if reply.#field == correlation_id),
            }
        });
        let value = match reply {
            Reply::One(_) => quote!(reply),
            Reply::Choice { name, .. } => {
                let name = ident(name);
                quote!(#module::#name::#variant(reply))
            }
        };
        quote!(#module::Outbound::#variant(reply) #guard => Ok(#value),)
    });
    let is_any = reply.messages().len() == exchange.outbound.variants.len();
    let others = (!is_any || correlation.is_some()).then(|| quote!(other => Err(other),));
    let capture = correlation.map(|_| quote!(move));
    quote!(#capture |reply| match reply { #(#arms)* #others })
}
