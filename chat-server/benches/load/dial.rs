//! Connecting, without running out of ports.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use mio::net::TcpStream;
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, socket_with,
};

/// How many clients connect from one address before the next one is used.
///
/// Linux gives a connection one of 28,232 ports. It tries all the even ones before the first odd
/// one, and so from the 14,117th connection on each takes a millisecond.
const PER_ADDRESS: usize = 14_000;

/// How often a port is drawn that must not be one of a few, before something must be wrong.
const DRAWS: usize = 100;

/// Starts to connect a client, the `number`th one to this server.
pub(crate) fn dial(server: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let SocketAddr::V4(_) = server else { return TcpStream::connect(server) };
    let Some(source) = source(number) else { return TcpStream::connect(server) };
    start(bound(source)?, server)
}

/// Starts to connect a client from this address, which may be any of 127.0.0.0/8: all of them are
/// this machine, without any set-up. A client's port is its name in the chat, and each address has
/// all ports, so that `fits` has to say which ports are not taken by somebody at another address.
///
/// The receive buffer is the kernel's choice, or one of about so many bytes.
pub(crate) fn dial_from(
    server: SocketAddr,
    source: Ipv4Addr,
    receive_buffer: Option<usize>,
    fits: impl Fn(u16) -> bool,
) -> io::Result<TcpStream> {
    for _ in 0..DRAWS {
        let socket = bound(source)?;
        if !fits(SocketAddrV4::try_from(getsockname(&socket)?)?.port()) {
            continue;
        }
        if let Some(bytes) = receive_buffer {
            set_socket_recv_buffer_size(&socket, bytes)?;
        }
        return start(socket, server);
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// A socket with this address and a port that the kernel picks.
fn bound(source: Ipv4Addr) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddrV4::new(source, 0))?;
    Ok(socket)
}

/// Starts to connect a socket.
fn start(socket: OwnedFd, server: SocketAddr) -> io::Result<TcpStream> {
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
