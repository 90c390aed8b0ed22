// An HTTP client with a cookie jar and an Origin, which also carries the unmodified better-auth client.
import { createAuthClient } from 'better-auth/client';
import { jwtClient } from 'better-auth/client/plugins';
import { parseSetCookie } from './cookies.mjs';

const SESSION_COOKIE = /(^|__Secure-)better-auth\.session_token$/;

export class HttpClient {
  /** `server` is a harness server; `origin` is the Origin header to send, `null` for none. */
  constructor(server, { origin = server.origin } = {}) {
    this.server = server;
    this.origin = origin;
    this.cookies = new Map();
    this.fetch = this.fetch.bind(this);
  }

  /** A better-auth client that uses this cookie jar. */
  client(options = {}) {
    const { fetchOptions, ...rest } = options;
    return createAuthClient({
      baseURL: this.server.origin,
      plugins: [jwtClient()],
      ...rest,
      fetchOptions: { customFetchImpl: this.fetch, ...fetchOptions },
    });
  }

  async fetch(input, init = {}) {
    const url = String(input?.url ?? input);
    const headers = new Headers(init.headers);
    if (this.origin && !headers.has('origin')) headers.set('origin', this.origin);
    if (this.cookies.size && !headers.has('cookie')) headers.set('cookie', this.cookieHeader());
    this.remember(init.body);
    const { method = 'GET', body, signal, duplex } = init;
    const response = await fetch(url, { method, body, signal, duplex, headers, redirect: 'manual' });
    this.last = await this.read(response.clone());
    return response;
  }

  /** A plain request; `path` is relative to the server's origin. Returns status, headers, cookies, text and json. */
  async request(method, path, { json, form, body, headers = {}, origin, cookies = true } = {}) {
    const sent = new Headers(headers);
    if (json !== undefined) sent.set('content-type', 'application/json');
    if (form) sent.set('content-type', 'application/x-www-form-urlencoded');
    const stranger = new HttpClient(this.server, { origin: origin === undefined ? this.origin : origin });
    if (cookies) stranger.cookies = this.cookies;
    const payload = json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : body;
    await stranger.fetch(new URL(path, this.server.origin), { method, headers: sent, body: payload });
    this.last = stranger.last;
    return stranger.last;
  }

  /** A request below /api/auth. */
  api(method, path, options) {
    return this.request(method, `/api/auth${path}`, options);
  }

  cookieHeader() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** The session cookie in the jar: name, raw value, and the token before the signature. */
  get sessionCookie() {
    const found = [...this.cookies].find(([name]) => SESSION_COOKIE.test(name));
    if (!found) return undefined;
    const [name, raw] = found;
    const value = decodeURIComponent(raw);
    return { name, raw, value, token: value.slice(0, value.lastIndexOf('.')) };
  }

  async read(response) {
    const set = response.headers.getSetCookie().map(parseSetCookie);
    for (const cookie of set) {
      if (cookie.expired) this.cookies.delete(cookie.name);
      else this.cookies.set(cookie.name, cookie.raw);
      this.keepSecret(cookie.raw);
      this.keepSecret(cookie.value);
    }
    const text = await response.text();
    const json = parseJson(text);
    this.keepSecret(json?.token);
    this.keepSecret(json?.session?.token);
    for (const header of ['set-auth-token', 'set-auth-jwt']) this.keepSecret(response.headers.get(header));
    const sessionCookie = set.find((cookie) => SESSION_COOKIE.test(cookie.name));
    return { status: response.status, headers: response.headers, set, sessionCookie, text, json };
  }

  /** Remembers the passwords of a body, so that the log can be searched for them. */
  remember(body) {
    if (typeof body !== 'string') return;
    const fields = parseJson(body) ?? Object.fromEntries(new URLSearchParams(body));
    for (const name of ['password', 'newPassword', 'currentPassword']) this.keepSecret(fields?.[name]);
  }

  keepSecret(value) {
    if (value) this.server.keepSecret(value);
  }
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
