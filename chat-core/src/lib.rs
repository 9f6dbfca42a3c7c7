//! draft

mod client;
mod config;
mod error;
mod event;
mod handler;
mod hub;
mod ids;
mod log;
mod net;
mod server;
mod threads;
pub mod wire;

pub use client::Client;
pub use config::{ClientConfig, Limits, ServerConfig};
pub use error::{Error, HandleError, SendError};
pub use event::{ClientEvent, ClientInfo, CloseReason, Report, ServerEvent};
pub use handler::Handler;
pub use ids::ConnId;
pub use server::{ClosedBy, RunningServer, Server, ServerHandle, Stats};
