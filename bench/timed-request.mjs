// Timed requests, and quantiles of their durations.
import http from 'node:http';
import { performance } from 'node:perf_hooks';

/** POSTs JSON over one of the agent's connections; returns the status and the duration in milliseconds. */
export function ask(server, agent, path, body) {
  const { host } = new URL(server.origin);
  const text = JSON.stringify(body);
  const headers = { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port: server.port, method: 'POST', path: `/api/auth${path}`, headers, agent },
      (response) => {
        response.resume();
        response.on('end', () => resolve({ status: response.statusCode, took: performance.now() - begun }));
      },
    );
    request.on('error', reject);
    request.end(text);
  });
}

/** The quantile `part` of the values. */
export function quantile(values, part) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** `p10 1.2  p25 1.3 …`, in milliseconds. */
export function spread(values, parts = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95]) {
  return parts.map((part) => `p${part * 100} ${quantile(values, part).toFixed(2)}`).join('  ');
}

/** The value of `--name=value` on the command line. */
export function option(name, otherwise) {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : given.slice(name.length + 3);
}
