//! Connecting, without running out of ports.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use mio::net::TcpStream;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

/// How many clients connect from one address before the next one is used.
///
/// Linux gives a connection one of 28,232 ports. It tries all the even ones before the first odd
/// one, and so from the 14,117th connection on each takes a millisecond.
const PER_ADDRESS: usize = 14_000;

/// Starts to connect a client, the `number`th one to this server.
pub(crate) fn dial(server: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let SocketAddr::V4(_) = server else { return TcpStream::connect(server) };
    let Some(source) = source(number) else { return TcpStream::connect(server) };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddrV4::new(source, 0))?;
    match connect(&socket, &server) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error.into()),
    }
}

/// The address a client connects from: 127.0.0.2, 127.0.0.3 and so on. None for the clients that
/// leave it to the kernel.
fn source(number: usize) -> Option<Ipv4Addr> {
    let extra = u32::try_from(number / PER_ADDRESS).ok().filter(|&extra| extra > 0)?;
    Some(Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + extra))
}
