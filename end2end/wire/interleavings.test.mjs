// Thirty-two clients at once append, send again, change, rate and delete, through every server there is. Afterwards
// everything that was acknowledged is there, once, in its place, and whoever was watching has seen it in order.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { SeededRandom } from '../harness/random.mjs';
import { onOtherServer, readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { startServer } from '../harness/server.mjs';

const CLIENTS = 32;
/** What each client does, one after the other; `cargo xtask test --thorough=interleavings` has them do more. */
const STEPS = Number(process.env.BOOKPLATE_TEST_STEPS || 16);
const LASTING = Array.from({ length: 5 }, (_, at) => `lasting-${at}`);
/** These are deleted, restored and made anew all the time. */
const FLEETING = ['fleeting-0', 'fleeting-1'];
/** One client: it alone writes messages whose names begin with its mark, so it knows what they must say in the end. */
class Client {
  constructor(bot, mark, random) {
    Object.assign(this, { bot, mark, random, count: 0, requests: [], messages: new Map(), turnedAway: 0 });
  }

  /** Asks until the server has time: a database that has too much to do at once is no fault, and says so. */
  async ask(call) {
    for (;;) {
      const answer = await call();
      if (answer.status !== 503) return answer;
      this.turnedAway += 1;
      assert.ok(answer.headers.get('retry-after') && this.turnedAway < 20, answer.text);
    }
  }

  async run() {
    for (let step = 0; step < STEPS; step += 1) {
      const kind = this.random.pick([
        'append',
        'append',
        'append',
        'again',
        'change',
        'change',
        'replace',
        'rate',
        'fleet',
      ]);
      await this[this.requests.length === 0 && kind !== 'fleet' ? 'append' : kind]();
    }
  }

  fresh(content) {
    this.count += 1;
    return { id: `${this.mark}-${this.count}`, role: this.random.pick(['user', 'assistant']), content };
  }

  async append() {
    const messages = Array.from({ length: 1 + this.random.below(3) }, () => this.fresh(`first words ${this.count}`));
    const key = this.random.pick([undefined, `key-${this.mark}-${this.count}`]);
    const request = { id: this.random.pick(LASTING), messages, key };
    // A client that is impatient sends twice at once.
    const times = this.random.pick([1, 1, 2]);
    const answers = await Promise.all(
      Array.from({ length: times }, () => this.ask(() => this.bot.append(request.id, messages, { key }))),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, times === 1 ? [201] : [200, 201], answers.map(({ text }) => text).join());
    for (const message of messages) this.messages.set(message.id, { ...message, conversation: request.id });
    this.requests.push(request);
  }

  /** Sends an earlier request again. With a key nothing changes; without, the messages say what they said at first. */
  async again() {
    const { id, messages, key } = this.random.pick(this.requests);
    const { status, json, text } = await this.ask(() => this.bot.append(id, messages, { key }));
    assert.equal(status, 200, text);
    const ids = json.messages.map((message) => message.id);
    assert.deepEqual(
      ids,
      messages.map((message) => message.id),
    );
    if (key) return;
    for (const { id: name, content } of messages) this.messages.get(name).content = content;
  }

  own() {
    return this.random.pick([...this.messages.values()]);
  }

  async change() {
    const message = this.own();
    const content = `changed ${this.random.below(1e9)}`;
    const { status, text } = await this.ask(() => this.bot.patch(message.conversation, message.id, { content }));
    assert.equal(status, 200, text);
    message.content = content;
  }

  async replace() {
    const { conversation, ...message } = this.own();
    const content = `replaced ${this.random.below(1e9)}`;
    const sent = { id: message.id, role: message.role, content };
    const { status, text } = await this.ask(() => this.bot.append(conversation, sent));
    assert.equal(status, 200, text);
    this.messages.get(message.id).content = content;
  }

  async rate() {
    const message = this.own();
    const value = this.random.pick([1, -1, undefined]);
    const { conversation, id } = message;
    const rate = () => this.bot.rate(conversation, id, { value });
    const { status, text } = await this.ask(value ? rate : () => this.bot.unrate(conversation, id));
    assert.equal(status, value ? 200 : 204, text);
    message.rating = value;
  }

  /** Does something to a conversation that others delete meanwhile. */
  async fleet() {
    const id = this.random.pick(FLEETING);
    const message = { role: 'user', content: `passing ${this.mark}` };
    const deeds = {
      delete: () => this.bot.delete(id),
      restore: () => this.bot.restore(id),
      create: () => this.bot.create({ id }),
      append: () => this.bot.append(id, [message, { ...message, id: `${this.mark}-${this.random.below(3)}` }]),
      rename: () => this.bot.change(id, { title: this.mark }),
      read: () => this.bot.messages(id),
      search: () => this.bot.search('passing'),
    };
    const { status, text } = await this.ask(this.random.pick(Object.values(deeds)));
    assert.ok([200, 201, 204, 404].includes(status), `${status} ${text}`);
  }
}

/** Gapless, each name once, and as many as the conversation says. */
async function assertWhole(bot, id) {
  const [messages, { json }] = [await bot.allMessages(id), await bot.find(id)];
  const seqs = messages.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    Array.from(seqs, (_, at) => at + 1),
    `${id} has gaps`,
  );
  assert.equal(new Set(messages.map((message) => message.id)).size, messages.length, `${id} has a name twice`);
  assert.equal(json.messageCount, messages.length);
  assert.ok(json.revision >= messages.length);
  return { messages, conversation: json };
}

function assertAcknowledged(clients, id, messages) {
  const expected = clients.flatMap((client) => [...client.messages.values()].filter((one) => one.conversation === id));
  assert.equal(messages.length, expected.length, `${id} has as many messages as were acknowledged`);
  const there = new Map(messages.map((message) => [message.id, message]));
  for (const { id: name, content, rating } of expected) {
    assert.equal(there.get(name)?.parts[0].text, content, name);
    assert.equal(there.get(name).feedback?.value, rating, name);
  }
}

/** A stream has told every message as it is now, and its numbers only grew. */
async function assertWatched(stream, { messages, conversation }) {
  await until('the stream to know everything', () => Number(stream.lastEventId) >= conversation.revision);
  const told = stream.events.filter(({ event }) => event === 'message');
  const numbers = told.map(({ id }) => Number(id));
  numbers.forEach((number, at) => at && assert.ok(number > numbers[at - 1], `${numbers[at - 1]}, then ${number}`));
  const last = new Map(told.map(({ data }) => [data.id, data]));
  for (const message of messages) assert.deepEqual(last.get(message.id), message);
  await stream.close();
}

async function load(servers, seed) {
  const reader = await readerWithBot(servers[0]);
  const callers = await Promise.all(servers.map((server) => onOtherServer(server, reader)));
  for (const id of [...LASTING, ...FLEETING]) await reader.bot.create({ id });
  const watched = LASTING.flatMap((id) => callers.map(({ page }) => ({ id, opened: page.events(id, { after: 0 }) })));
  const streams = await Promise.all(watched.map(async ({ id, opened }) => ({ id, stream: await opened })));
  const clients = Array.from({ length: CLIENTS }, (_, at) => {
    return new Client(callers[at % callers.length].bot, `c${at}`, new SeededRandom(seed + at));
  });
  await Promise.all(clients.map((client) => client.run()));
  for (const id of LASTING) {
    const whole = await assertWhole(reader.bot, id);
    assertAcknowledged(clients, id, whole.messages);
    for (const one of streams.filter((stream) => stream.id === id)) await assertWatched(one.stream, whole);
  }
  for (const id of FLEETING) {
    await reader.bot.create({ id });
    await assertWhole(reader.bot, id);
  }
}

for (const [database, count, where] of [
  ['sqlite', 1, 'one server on SQLite'],
  ['postgres', 2, 'two servers on one PostgreSQL'],
]) {
  test(`thirty-two clients at once leave nothing lost, doubled or out of order on ${where}`, async (context) => {
    const seed = Number(process.env.BOOKPLATE_TEST_SEED ?? randomInt(2 ** 31));
    context.diagnostic(`BOOKPLATE_TEST_SEED=${seed}`);
    const servers = [await startServer({ database })];
    try {
      const [{ database: data, env }] = servers;
      const shared = { database: data, env: { BOOKPLATE_SECRET: env.BOOKPLATE_SECRET } };
      while (servers.length < count) servers.push(await startServer(shared));
      await load(servers, seed);
      for (const server of servers) assert.doesNotMatch(server.log, /ERROR|panicked/);
    } finally {
      for (const server of servers.reverse()) await server.discard();
    }
  });
}
