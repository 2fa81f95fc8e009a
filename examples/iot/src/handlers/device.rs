//! What happens at `/devices/{deviceId}`.

use std::sync::atomic::Ordering;

use wsgen_runtime::{Error, Handler, Reject};

use super::Handlers;
use crate::generated::device::{Context, Device, Request, Route};
use crate::generated::messages::{CommandDone, SetInterval, SetWindow, Telemetry};

/// Above this temperature the window is opened.
const WARM: f64 = 28.0;
/// Below this one it is closed.
const COLD: f64 = 22.0;
/// With less battery than this, in per cent, a device measures less often.
const LOW_BATTERY: u64 = 20;

/// A greenhouse, as far as the server knows.
#[derive(Debug, Default)]
pub struct Greenhouse {
    /// What the window was told last, unless that did not succeed.
    window_open: Option<bool>,
    saves_power: bool,
}

impl Handler<Route> for Handlers {
    type Session = Greenhouse;

    async fn connect(&self, request: Request) -> Result<Greenhouse, Reject> {
        if request.principal.id != request.device_id {
            return Err(Reject::forbidden("this is the key of another device"));
        }
        Ok(Greenhouse::default())
    }
}

impl Device for Handlers {
    async fn telemetry(&self, cx: &mut Context<'_, Self>, message: Telemetry) -> Result<(), Error> {
        if let Some(open) = wanted(message.celsius)
            && cx.session.window_open != Some(open)
        {
            cx.session.window_open = Some(open);
            cx.send(SetWindow {
                command_id: self.next_command(),
                open,
            })
            .await?;
        }
        let low = message.battery.is_some_and(|battery| battery < LOW_BATTERY);
        if cx.session.saves_power != low {
            cx.session.saves_power = low;
            let seconds = if low { 600 } else { 60 };
            cx.send(SetInterval {
                command_id: self.next_command(),
                seconds,
            })
            .await?;
        }
        Ok(())
    }

    async fn command_done(
        &self,
        cx: &mut Context<'_, Self>,
        message: CommandDone,
    ) -> Result<(), Error> {
        if !message.succeeded {
            tracing::warn!(?message, "a command failed");
            // The next telemetry has it tried again.
            cx.session.window_open = None;
        }
        Ok(())
    }
}

impl Handlers {
    fn next_command(&self) -> u64 {
        self.commands.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Whether the window should be open; between cold and warm it stays as it is.
fn wanted(celsius: f64) -> Option<bool> {
    match celsius {
        celsius if celsius > WARM => Some(true),
        celsius if celsius < COLD => Some(false),
        _ => None,
    }
}
