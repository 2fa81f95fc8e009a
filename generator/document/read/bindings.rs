//! The WebSocket binding, under the name that it has and the one that people give it.

use super::Reader;
use crate::diagnostic::Code;
use crate::document::{ChannelBinding, Layers, Node};

/// The versions of the binding that there are.
const VERSIONS: &[&str] = &["0.1.0", "latest"];

impl<'a> Reader<'a, '_> {
    /// The WebSocket binding among some bindings, references followed.
    pub(super) fn websocket_binding(&mut self, bindings: Option<Node<'a>>) -> Option<Node<'a>> {
        let bindings = self.object(bindings?, "`bindings`")?;
        let written = bindings.get("ws").or_else(|| {
            let alias = bindings.get("websockets")?;
            self.diagnostics
                .warning(
                    Code::WebsocketsBindingKey,
                    alias.key_location(),
                    "the WebSocket binding is called `ws`, not `websockets`",
                )
                .help("rename the key to `ws`");
            Some(alias)
        })?;
        let binding = self.object(written, "the WebSocket binding")?;
        let version = self.text(binding.get("bindingVersion"));
        if let Some((version, node)) = version
            .zip(binding.get("bindingVersion"))
            .filter(|(version, _)| !VERSIONS.contains(version))
        {
            self.diagnostics
                .warning(
                    Code::BindingVersion,
                    node.location(),
                    format!("the WebSocket binding has no version `{version}`"),
                )
                .help("write '0.1.0', the only version there is, or leave it out");
        }
        Some(binding)
    }

    /// Checks the WebSocket bindings of an object and of its traits, as far as they have a part in the merged one.
    pub(super) fn merged_bindings(&mut self, layers: &Layers<'a>) {
        let bindings = self.part(layers, "bindings");
        for bindings in bindings.nodes() {
            self.websocket_binding(Some(*bindings));
        }
    }

    /// The WebSocket binding of a channel.
    pub(super) fn channel_binding(
        &mut self,
        bindings: Option<Node<'a>>,
    ) -> Option<ChannelBinding<'a>> {
        let node = self.websocket_binding(bindings)?;
        self.know(
            node,
            "the WebSocket binding",
            &["method", "query", "headers", "bindingVersion"],
        );
        Some(ChannelBinding {
            node,
            method: self.text(node.get("method")),
            query: node.get("query"),
            headers: node.get("headers"),
        })
    }
}
