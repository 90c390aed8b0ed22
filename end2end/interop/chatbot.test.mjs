// The Python examples for a chatbot in README.md and docs/API.md, run in a FastAPI service.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readerWithBot } from '../harness/conversations.mjs';
import { until } from '../harness/poll.mjs';
import { startPython } from '../harness/python.mjs';
import { startServer } from '../harness/server.mjs';

const DOCUMENTS = fileURLToPath(new URL('../..', import.meta.url));

describe("a chatbot's FastAPI service", () => {
  let server;
  let service;
  let reader;

  before(async () => {
    server = await startServer();
    service = await startPython('chatbot.py', [DOCUMENTS, server.origin], new URL('.', import.meta.url));
    reader = await readerWithBot(server);
  });
  after(async () => {
    await service?.stop();
    await server?.discard();
  });

  const post = (path, json, token) =>
    fetch(`http://127.0.0.1:${service.firstLine}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(json),
    });

  test('stores a question and a streamed answer, which the reader sees live', async () => {
    const asked = post('/ask', { conversation: 'sensors', question: 'How far?' }, reader.jwt);
    const stream = await until('the conversation', () => reader.page.events('sensors', { after: 0 }));
    await stream.waitFor('message', ({ role, status }) => role === 'assistant' && status === 'in_progress');
    await post('/continue', {});
    await stream.waitFor('message', ({ role, status }) => role === 'assistant' && status === 'complete');
    await stream.close();

    const answered = await asked;
    assert.equal(answered.status, 200, await answered.clone().text());
    assert.equal((await answered.json()).sub, reader.user.id);
    const [question, answer, ...more] = await reader.page.allMessages('sensors');
    assert.deepEqual(more, []);
    assert.deepEqual([question.role, question.parts], ['user', [{ type: 'text', text: 'How far?' }]]);
    assert.deepEqual([answer.role, answer.status, answer.parentId], ['assistant', 'complete', question.id]);
    assert.deepEqual(
      answer.parts.map(({ type }) => type),
      ['text', 'source'],
    );
    assert.equal(answer.parts[0].text, 'Ultrasound reaches four metres. (How far?)');
  });

  test('stores an answer while it is written', async () => {
    await reader.page.create({ id: 'lidar' });
    const stored = await post('/store', { conversation: 'lidar', question: 'How far?' }, reader.jwt);
    assert.equal(stored.status, 200, await stored.text());
    const [answer, ...more] = await reader.page.allMessages('lidar');
    assert.deepEqual(more, []);
    assert.deepEqual([answer.status, answer.parts[0].text], ['complete', 'Lidar reaches farther.']);
  });

  test('refuses requests without a valid token', async () => {
    const ask = { conversation: 'sensors', question: 'How far?' };
    for (const token of [undefined, 'x', `${reader.jwt}x`, reader.token])
      assert.ok([401, 403].includes((await post('/ask', ask, token)).status));
    assert.equal((await reader.page.allMessages('sensors')).length, 2);
  });
});
