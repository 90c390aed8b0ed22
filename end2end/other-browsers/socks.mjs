// A SOCKS proxy (RFC 1928) that leads to the three sites whatever host is asked for: Firefox and WebKit have no other way
// to be told where a host is.
import { connect, createServer } from 'node:net';

const NO_AUTHENTICATION = Buffer.from([5, 0]);
const CONNECTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

/** Starts a proxy to this port of the loopback address: `{ port, stop }`. */
export async function startSocksProxy(target) {
  const sockets = new Set();
  const proxy = createServer((socket) => {
    const there = connect(target, '127.0.0.1');
    for (const end of [socket, there]) {
      sockets.add(end);
      end.on('error', () => [socket, there].forEach((other) => other.destroy()));
      end.on('close', () => sockets.delete(end));
    }
    // A client sends each of its two messages at once and waits for the answer.
    socket.once('data', () => {
      socket.write(NO_AUTHENTICATION);
      socket.once('data', () => {
        socket.write(CONNECTED);
        there.pipe(socket).pipe(there);
      });
    });
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    sockets.forEach((socket) => socket.destroy());
    return new Promise((resolve) => proxy.close(resolve));
  };
  return { port: proxy.address().port, stop };
}
