// A stream of server-sent events (WHATWG HTML, section 9.2), read as a browser's EventSource would, without coming back.
import { until } from './poll.mjs';

export class EventStream {
  /** Opens a stream. An answer that is none is an error with its `status` and `text`. */
  static async open(url, headers) {
    const cut = new AbortController();
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: cut.signal });
    if (response.status !== 200) {
      const text = await response.text();
      throw Object.assign(new Error(`no stream: ${response.status} ${text}`), { status: response.status, text });
    }
    return new EventStream(response, cut);
  }

  constructor(response, cut) {
    /** What has come: `{ id, event, data }`, the data read as JSON. */
    this.events = [];
    this.lastEventId = '';
    this.retry = undefined;
    this.ended = false;
    this.heartbeats = 0;
    this.headers = response.headers;
    this.cut = cut;
    this.end = this.read(response.body)
      .catch(() => {})
      .finally(() => (this.ended = true));
  }

  async read(body) {
    let text = '';
    this.resetPending();
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split(/\r\n|\n|\r/);
      text = lines.pop();
      lines.forEach((line) => this.line(line));
    }
  }

  resetPending() {
    this.pending = { event: 'message', data: [] };
  }

  line(line) {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return (this.heartbeats += 1);
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') this.lastEventId = value;
    else if (name === 'event') this.pending.event = value;
    else if (name === 'data') this.pending.data.push(value);
    else if (name === 'retry') this.retry = Number(value);
  }

  dispatch() {
    const { event, data } = this.pending;
    this.resetPending();
    if (data.length === 0) return;
    this.events.push({ id: this.lastEventId, event, data: JSON.parse(data.join('\n')) });
  }

  /** The messages that have come, in order. */
  get messages() {
    return this.events.filter(({ event }) => event === 'message').map(({ data }) => data);
  }

  /** Waits until an event of this kind (and like this) has come. */
  waitFor(event, like = () => true, { within = 10_000 } = {}) {
    const found = () => this.events.find((one) => one.event === event && like(one.data));
    return until(`an event "${event}"`, found, { within, every: 5 });
  }

  /** Waits until the server has ended it. */
  waitForEnd(within) {
    return until('the end of the stream', () => this.ended, { within });
  }

  /** Cuts it, as a lost connection does. */
  async close() {
    this.cut.abort();
    await this.end;
  }
}
