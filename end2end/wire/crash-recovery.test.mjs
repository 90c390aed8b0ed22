// The server is killed in the middle of its work, again and again. What it has acknowledged is there afterwards.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const ROUNDS = 3;
const WRITERS = 16;
const NAMES = Array.from({ length: 8 }, (_, at) => `conversation-${at}`);
/** Acknowledged requests after which the server is killed, drawn anew in each round. */
const FEWEST = 20;
const MOST = 120;

/** Writes until the connection is lost: one message, or three with a key. Tells what was acknowledged, and what was not. */
async function write(bot, mark, acknowledge) {
  for (let number = 0; ; number += 1) {
    const id = NAMES[randomInt(NAMES.length)];
    const names = number % 4 === 3 ? [0, 1, 2].map((at) => `${mark}-${number}-${at}`) : [`${mark}-${number}`];
    const messages = names.map((name) => ({ id: name, role: 'user', content: `word${name.replaceAll('-', 'x')}` }));
    const key = number % 2 ? `key-${mark}-${number}` : undefined;
    const request = { id, messages, key };
    let answer;
    try {
      answer = await bot.append(id, messages, { key });
    } catch {
      return request;
    }
    assert.equal(answer.status, 201, answer.text);
    acknowledge(request);
  }
}

/** Kills the server while everybody writes, and starts it again: what was acknowledged, and what was under way. */
async function interrupted(server, bot, round) {
  const acknowledged = [];
  const enough = randomInt(FEWEST, MOST);
  let killing;
  const acknowledge = (request) => {
    acknowledged.push(request);
    if (acknowledged.length === enough) killing = server.kill();
  };
  const writers = Array.from({ length: WRITERS }, (_, at) => write(bot, `r${round}-${at}`, acknowledge));
  const underWay = await Promise.all(writers);
  await killing;
  await server.boot();
  return { acknowledged, underWay };
}

/** Every conversation is whole, and holds what it must hold. */
async function assertWhole(bot, acknowledged) {
  const assertOne = async (id) => {
    const [messages, { json }] = [await bot.allMessages(id), await bot.find(id)];
    const seqs = messages.map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      Array.from(seqs, (_, at) => at + 1),
      `${id} has gaps`,
    );
    assert.equal(json.messageCount, seqs.length);
    assert.equal(json.revision, seqs.length, 'each message is one change');
    assert.equal(json.headId, messages.at(-1)?.id ?? null);
    const there = new Map(messages.map((message) => [message.id, message]));
    assert.equal(there.size, messages.length, `${id} has a name twice`);
    for (const request of acknowledged.filter((one) => one.id === id)) {
      for (const { id: name, content } of request.messages) assert.equal(there.get(name)?.parts[0].text, content, name);
      const places = request.messages.map(({ id: name }) => there.get(name).seq);
      assert.deepEqual(
        places,
        Array.from(places, (_, at) => places[0] + at),
        'what was sent together stands together',
      );
    }
  };
  await Promise.all(NAMES.map(assertOne));
}

/** A request that got no answer is sent again: it is carried out, once, whether it was before or not. */
async function sendAgain(bot, underWay) {
  const sendAll = async (name) => {
    for (const { id, messages, key } of underWay.filter((one) => one.id === name)) {
      const before = (await bot.find(id)).json.messageCount;
      const { status, text } = await bot.append(id, messages, { key });
      assert.ok(status === 200 || status === 201, text);
      const added = (await bot.find(id)).json.messageCount - before;
      assert.equal(added, status === 201 ? messages.length : 0, 'all of it or nothing');
    }
  };
  await Promise.all(NAMES.map(sendAll));
}

async function assertFound(bot, requests) {
  const find = async ({ id, content }) => {
    const { json } = await bot.search(content);
    assert.deepEqual(
      json.items.map(({ message }) => message.id),
      [id],
      content,
    );
  };
  await Promise.all(requests.flatMap(({ messages }) => messages).map(find));
}

onServers(bothDatabases, 'a server that is killed while sixteen write', (server, name) => {
  test('has kept everything it acknowledged, without gaps, twins or halves', async () => {
    const { bot } = await readerWithBot(server());
    for (const id of NAMES) await bot.create({ id });
    const requests = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { acknowledged, underWay } = await interrupted(server(), bot, round);
      requests.push(...acknowledged);
      await sendAgain(bot, underWay);
      requests.push(...underWay);
      await assertWhole(bot, requests);
      await assertFound(bot, [...acknowledged.slice(-8), ...underWay.slice(-4)]);
    }
    if (name.endsWith('SQLite')) await assertSound(server());
  });
});

/** SQLite finds nothing wrong with its file, its index of terms included. */
async function assertSound(server) {
  assert.deepEqual(await server.query('pragma integrity_check'), [{ integrity_check: 'ok' }]);
  assert.deepEqual(await server.query('pragma foreign_key_check'), []);
  await server.query("insert into bookplate_search(bookplate_search) values('integrity-check')");
}
