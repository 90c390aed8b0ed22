// Requests a well-behaved client cannot make: bytes on a socket, or a bare HTTP client without fetch's own headers.
import http from 'node:http';
import net from 'node:net';
import { parseSetCookie } from './cookies.mjs';

const HUNG_UP = ['ECONNRESET', 'EPIPE'];

/** Sends bytes and reads until the server closes: `{ status, text }`; status is undefined when it just hung up. */
export function sendBytes(server, bytes, { within = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(within, () => socket.destroy(new Error(`no answer within ${within} ms`)));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => (HUNG_UP.includes(error.code) ? socket.destroy() : reject(error)));
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
      resolve({ status: status && Number(status), text });
    });
  });
}

/** The head of a request with exactly these header lines, closing afterwards. */
export function requestHead(method, target, lines) {
  return [`${method} ${target} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n');
}

/**
 * A bare client: no Origin, no Sec-Fetch-*, no cookies but those given. `host` may differ from the address.
 *
 * A server that answers before it has read a body, and closes, can make a client that is still writing lose the answer
 * (RFC 9112 section 9.6); then it is asked again.
 */
export async function bareRequest(server, method, path, asked = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await askOnce(server, method, path, asked);
    } catch (error) {
      if (!HUNG_UP.includes(error.code) || tries === 5) throw error;
    }
  }
}

function askOnce(server, method, path, { json, body, headers = {} }) {
  const payload = json === undefined ? body : JSON.stringify(json);
  const sent = { host: new URL(server.origin).host, ...headers };
  if (json !== undefined) sent['content-type'] = 'application/json';
  if (payload !== undefined) sent['content-length'] ??= Buffer.byteLength(payload);
  const options = { host: '127.0.0.1', port: server.port, method, path, headers: sent, agent: false };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve(describe(response, Buffer.concat(chunks))));
    });
    request.on('error', reject);
    request.end(payload);
  });
}

function describe(response, bytes) {
  const text = bytes.toString('utf8');
  const set = (response.headers['set-cookie'] ?? []).map(parseSetCookie);
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headersDistinct))
    value.forEach((one) => headers.append(name, one));
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.statusCode, headers, set, bytes, text, json };
}
