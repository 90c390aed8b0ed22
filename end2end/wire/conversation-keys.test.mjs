// Idempotency-Key: a request that may have been lost is sent again, and carried out once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { assertProblem } from '../harness/verdicts.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const pair = [
  { role: 'user', content: 'What is a lifetime?' },
  { role: 'assistant', content: 'How long a reference holds.' },
];

async function conversation(server) {
  const { bot } = await readerWithBot(server);
  return { bot, id: (await bot.create()).json.id };
}

onServers(bothDatabases, 'an idempotency key', (server) => {
  test('makes a repeated request answer what it answered, with 200 and nothing twice', async () => {
    const { bot, id } = await conversation(server());
    const first = await bot.append(id, pair, { key: 'k-1' });
    const again = await bot.append(id, pair, { key: 'k-1' });
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.equal(again.text, first.text);
    assert.equal((await bot.find(id)).json.messageCount, 2);
  });

  test('of another request is refused, and nothing is written', async () => {
    const { bot, id } = await conversation(server());
    await bot.append(id, pair, { key: 'k' });
    for (const other of [pair[0], [pair[0]], [...pair].reverse(), [pair[0], { ...pair[1], status: 'error' }]]) {
      const refused = await bot.append(id, other, { key: 'k' });
      assertProblem(refused, 422, 'IDEMPOTENCY_KEY_REUSED', 'Idempotency-Key');
    }
    assert.equal((await bot.find(id)).json.messageCount, 2);
  });

  test('sent twenty times at once leaves exactly one set of messages', async () => {
    const { bot, id } = await conversation(server());
    const answers = await Promise.all(Array.from({ length: 20 }, () => bot.append(id, pair, { key: 'at once' })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(19).fill(200), 201]);
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    const { messageCount, revision } = (await bot.find(id)).json;
    assert.deepEqual([messageCount, revision], [2, 2]);
  });

  test('belongs to one conversation of one reader', async () => {
    const [{ bot, id }, other] = [await conversation(server()), await conversation(server())];
    const second = (await bot.create()).json.id;
    const answers = [
      await bot.append(id, pair, { key: 'k' }),
      await bot.append(second, pair, { key: 'k' }),
      await other.bot.append(other.id, pair, { key: 'k' }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201],
    );
  });

  test('of a request that was refused is free for a better one', async () => {
    const { bot, id } = await conversation(server());
    assert.equal((await bot.append(id, { role: 'nobody', content: 'x' }, { key: 'k' })).status, 422);
    assert.equal((await bot.append(id, { role: 'user', content: 'x', parentId: 'none' }, { key: 'k' })).status, 422);
    assert.equal((await bot.append(id, pair, { key: 'k' })).status, 201);
  });

  test('still answers after a restart, and shows its messages as they are now', async () => {
    const { bot, id } = await conversation(server());
    const named = pair.map((message, at) => ({ ...message, id: `m${at}` }));
    await bot.append(id, named, { key: 'k' });
    await bot.patch(id, 'm1', { content: 'Another answer.' });
    await server().restart();
    const again = await bot.append(id, named, { key: 'k' });
    assert.equal(again.status, 200);
    assert.equal(again.json.messages[1].parts[0].text, 'Another answer.');
    assert.equal((await bot.find(id)).json.messageCount, 2);
  });

  test('is 1 to 255 printable characters of ASCII', async () => {
    const { bot, id } = await conversation(server());
    assert.equal((await bot.append(id, pair, { key: '~'.repeat(255) })).status, 201);
    for (const key of ['', 'k'.repeat(256), 'sch\u00f6n']) {
      assertProblem(await bot.append(id, pair, { key }), 422, 'VALIDATION_ERROR', 'Idempotency-Key');
    }
    assert.equal((await bot.find(id)).json.messageCount, 2);
  });
});
