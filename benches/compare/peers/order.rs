//! The order that `/typed` takes, as somebody writes it by hand.

use serde::{Deserialize, Serialize};

/// An order for securities.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: u64,
    symbol: String,
    side: Side,
    quantity: u64,
    price: f64,
    placed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Buy,
    Sell,
}

/// Decodes an order and encodes it again.
pub(super) fn echoed(json: &[u8]) -> serde_json::Result<String> {
    let order: Order = serde_json::from_slice(json)?;
    serde_json::to_string(&order)
}
