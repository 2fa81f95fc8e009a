//! What happens at `/exchange`.

use wsgen_runtime::{Error, Handler, Reject};

use super::Handlers;
use crate::generated::exchange::{Context, Exchange, PlaceOrderReply, Request, Route};
use crate::generated::messages::{
    CancelOrder, OrderAccepted, OrderCancelled, OrderRejected, PlaceOrder, Watch,
};
use crate::market::listed;

/// Somebody who trades.
#[derive(Debug)]
pub struct Trader {
    name: String,
}

impl Handler<Route> for Handlers {
    type Session = Trader;

    async fn connect(&self, request: Request) -> Result<Trader, Reject> {
        Ok(Trader {
            name: request.principal.id,
        })
    }
}

impl Exchange for Handlers {
    async fn place_order(
        &self,
        cx: &mut Context<'_, Self>,
        message: PlaceOrder,
    ) -> Result<PlaceOrderReply, Error> {
        let request_id = message.request_id.clone();
        let placed = match self.market().place(&cx.session.name, message) {
            Ok(placed) => placed,
            Err(reason) => {
                let rejected = OrderRejected { request_id, reason };
                return Ok(rejected.into());
            }
        };
        let traded = placed.trades.iter().map(|trade| trade.quantity).sum();
        for trade in placed.trades {
            cx.publish(trade.symbol.clone(), trade);
        }
        let accepted = OrderAccepted {
            request_id,
            order_id: placed.order_id,
            traded,
        };
        Ok(accepted.into())
    }

    async fn cancel_order(
        &self,
        cx: &mut Context<'_, Self>,
        message: CancelOrder,
    ) -> Result<OrderCancelled, Error> {
        let quantity = self.market().cancel(&cx.session.name, message.order_id);
        Ok(OrderCancelled {
            request_id: message.request_id,
            quantity,
        })
    }

    async fn watch(&self, cx: &mut Context<'_, Self>, message: Watch) -> Result<(), Error> {
        // Only what is listed: a trader cannot make up topics without end.
        let symbol = listed(&message.symbol)
            .ok_or_else(|| Error::close(4004, format!("{} is not listed", message.symbol)))?;
        cx.join(symbol).await;
        Ok(())
    }
}
