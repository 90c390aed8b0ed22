// A request that `fetch` cannot make: with no header but those given, under a Host of the test's choice.
import http from 'node:http';

/** Asks for a path on the loopback address; answers `{ status, headers }`. */
export function rawGet(server, path, headers) {
  const options = { host: '127.0.0.1', port: server.port, path, headers, agent: false };
  return new Promise((resolve, reject) => {
    const request = http.get(options, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, headers: new Headers(response.headers) }));
    });
    request.on('error', reject);
  });
}
