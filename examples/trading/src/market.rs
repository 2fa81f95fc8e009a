//! The order books: who trades with whom at which price.

use std::collections::HashMap;

use crate::generated::messages::{OrderRejectedReason as Reason, PlaceOrder, Side, Trade};

/// What can be traded.
const SYMBOLS: [&str; 2] = ["ACME", "GLOBEX"];
/// Orders that may wait in one book.
const BOOK_SIZE: usize = 10_000;

/// All books, and the numbers of the orders in them.
#[derive(Debug, Default)]
pub(crate) struct Market {
    books: HashMap<&'static str, Vec<Order>>,
    last_order: u64,
}

/// An order that waits for somebody to meet its price.
#[derive(Debug)]
struct Order {
    id: u64,
    trader: String,
    side: Side,
    price: u64,
    quantity: u64,
}

/// What became of an order.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) order_id: u64,
    pub(crate) trades: Vec<Trade>,
}

impl Market {
    /// Trades as much as can be traded now, best price and oldest order first; the rest waits.
    pub(crate) fn place(&mut self, trader: &str, order: PlaceOrder) -> Result<Placed, Reason> {
        let symbol = listed(&order.symbol).ok_or(Reason::UnknownSymbol)?;
        let book = self.books.entry(symbol).or_default();
        if book.len() >= BOOK_SIZE {
            return Err(Reason::BookFull);
        }
        self.last_order += 1;
        let (id, price) = (self.last_order, order.price);
        let mut order = Order {
            id,
            trader: trader.to_owned(),
            side: order.side,
            price,
            quantity: order.quantity,
        };
        let mut trades = Vec::new();
        while order.quantity > 0
            && let Some(index) = best_match(book, &order)
        {
            let resting = &mut book[index];
            let quantity = order.quantity.min(resting.quantity);
            order.quantity -= quantity;
            resting.quantity -= quantity;
            trades.push(Trade {
                symbol: symbol.to_owned(),
                price: resting.price,
                quantity,
            });
            if resting.quantity == 0 {
                book.remove(index);
            }
        }
        if order.quantity > 0 {
            book.push(order);
        }
        Ok(Placed {
            order_id: id,
            trades,
        })
    }

    /// Takes an order out; how much of it was left, 0 unless it waits and is the trader's.
    pub(crate) fn cancel(&mut self, trader: &str, id: u64) -> u64 {
        let found = self.books.values_mut().find_map(|book| {
            let index = book
                .iter()
                .position(|order| order.id == id && order.trader == trader)?;
            Some(book.remove(index))
        });
        found.map_or(0, |order| order.quantity)
    }
}

/// The symbol as the exchange lists it.
pub(crate) fn listed(symbol: &str) -> Option<&'static str> {
    SYMBOLS.into_iter().find(|listed| *listed == symbol)
}

/// Where the order waits that trades first with `order`; a book is in the order of arrival.
fn best_match(book: &[Order], order: &Order) -> Option<usize> {
    let others = book
        .iter()
        .enumerate()
        .filter(|(_, resting)| resting.side != order.side);
    let best = match order.side {
        Side::Buy => others
            .filter(|(_, resting)| resting.price <= order.price)
            .min_by_key(|(_, resting)| (resting.price, resting.id)),
        Side::Sell => others
            .filter(|(_, resting)| resting.price >= order.price)
            .min_by_key(|(_, resting)| (std::cmp::Reverse(resting.price), resting.id)),
    };
    best.map(|(index, _)| index)
}
