// A client for the conversations API, authenticated as a chatbot (bearer token) or as a page (cookie).
import { EventStream } from './event-stream.mjs';
import { signUpReader, fetchToken } from './readers.mjs';
import { HttpClient } from './http-client.mjs';

/** A new reader, their chatbot (`bot`, with a token) and their page (`page`, with their cookie). */
export async function readerWithBot(server) {
  const reader = await signUpReader(server);
  return { ...reader, ...(await callersOf(server, reader)) };
}

/** Clients of the same reader at another server on the same database. */
export async function onOtherServer(server, { httpClient: { cookies } }) {
  const httpClient = Object.assign(new HttpClient(server), { cookies });
  return callersOf(server, { httpClient, client: httpClient.client() });
}

async function callersOf(server, { httpClient, client }) {
  const token = await fetchToken({ client });
  const page = new Conversations(server, { cookie: httpClient.cookieHeader(), origin: server.origin });
  return { jwt: token, bot: new Conversations(server, { token }), page };
}

export class Conversations {
  /** `token`, or `cookie` and the `origin` to send along; `headers` go with every request. */
  constructor(server, { token, cookie, origin, headers = {} } = {}) {
    this.server = server;
    this.headers = { ...headers };
    if (token) this.headers.authorization = `Bearer ${token}`;
    if (cookie) this.headers.cookie = cookie;
    if (origin) this.headers.origin = origin;
  }

  /** Returns `{ status, headers, text, json }`; `body` is sent unchanged, `json` as JSON. `path` is below /api. */
  async request(method, path, { json, body, query, headers = {} } = {}) {
    const url = new URL(`/api${path}`, this.server.origin);
    for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) url.searchParams.set(name, value);
    const payload = json === undefined ? body : JSON.stringify(json);
    const type = payload === undefined ? {} : { 'content-type': 'application/json' };
    const sent = { ...type, ...this.headers, ...headers };
    const response = await fetch(url, { method, body: payload, headers: sent, redirect: 'manual' });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  create(fields = {}) {
    return this.request('POST', '/conversations', { json: fields });
  }

  list(query) {
    return this.request('GET', '/conversations', { query });
  }

  find(id) {
    return this.request('GET', `/conversations/${id}`);
  }

  change(id, fields) {
    return this.request('PATCH', `/conversations/${id}`, { json: fields });
  }

  delete(id) {
    return this.request('DELETE', `/conversations/${id}`);
  }

  restore(id) {
    return this.request('POST', `/conversations/${id}/restore`);
  }

  /** One message, or an array of them; `key` is the Idempotency-Key. */
  append(id, messages, { key } = {}) {
    const json = Array.isArray(messages) ? { messages } : messages;
    return this.request('POST', `/conversations/${id}/messages`, { json, headers: keyed(key) });
  }

  messages(id, query) {
    return this.request('GET', `/conversations/${id}/messages`, { query });
  }

  message(id, messageId) {
    return this.request('GET', `/conversations/${id}/messages/${messageId}`);
  }

  patch(id, messageId, fields) {
    return this.request('PATCH', `/conversations/${id}/messages/${messageId}`, { json: fields });
  }

  rate(id, messageId, feedback) {
    return this.request('PUT', `/conversations/${id}/messages/${messageId}/feedback`, { json: feedback });
  }

  unrate(id, messageId) {
    return this.request('DELETE', `/conversations/${id}/messages/${messageId}/feedback`);
  }

  search(q, query = {}) {
    return this.request('GET', '/search', { query: { q, ...query } });
  }

  me() {
    return this.request('GET', '/me');
  }

  /** The items of all pages of a list. */
  async all(path, query = {}) {
    const items = [];
    for (let cursor; ;) {
      const { status, json, text } = await this.request('GET', path, { query: { ...query, cursor } });
      if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
      items.push(...json.items);
      if (json.nextCursor === null) return items;
      cursor = json.nextCursor;
    }
  }

  /** All messages of a conversation in order. */
  allMessages(id) {
    return this.all(`/conversations/${id}/messages`, { limit: 100 });
  }

  /** Opens an event stream: from now on, after a revision, or since an event. */
  events(id, { after, lastEventId } = {}) {
    const url = new URL(`/api/conversations/${id}/events`, this.server.origin);
    if (after !== undefined) url.searchParams.set('after', after);
    const since = lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) };
    return EventStream.open(url, { ...this.headers, ...since });
  }
}

const keyed = (key) => (key === undefined ? {} : { 'idempotency-key': key });

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
