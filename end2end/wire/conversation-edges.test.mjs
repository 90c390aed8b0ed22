// What a client hardly ever sends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { bareRequest } from '../harness/raw.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const NAMES = [
  '%00',
  'a%00b',
  '%FF',
  '%C3%28',
  '%ED%A0%80',
  '%2F',
  '..%2F..',
  '%20',
  '%F0%9F%98%80',
  'a'.repeat(129),
  '...',
];

onServers(bothDatabases, 'an address', (server) => {
  test('that could name nothing is answered as one that names nothing', async () => {
    const { bot } = await readerWithBot(server());
    await bot.create({ id: 'c' });
    const json = { role: 'user', content: 'x' };
    for (const name of NAMES) {
      for (const [method, path, body] of [
        ['GET', `/${name}`],
        ['PATCH', `/${name}`, { title: 'x' }],
        ['DELETE', `/${name}`],
        ['POST', `/${name}/restore`],
        ['GET', `/${name}/messages`],
        ['POST', `/${name}/messages`, json],
        ['GET', `/${name}/events`],
        ['GET', `/c/messages/${name}`],
        ['PATCH', `/c/messages/${name}`, { status: 'error' }],
        ['PUT', `/c/messages/${name}/feedback`, { value: 1 }],
        ['DELETE', `/c/messages/${name}/feedback`],
      ]) {
        const options = { json: body, headers: bot.headers };
        const answer = await bareRequest(server(), method, `/api/conversations${path}`, options);
        assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
        assert.equal(answer.headers.get('content-type'), 'application/problem+json', `${method} ${path}`);
      }
    }
  });
});

onServers(bothDatabases, 'an array', (server) => {
  test('is no object, wherever an object is expected', async () => {
    const { bot } = await readerWithBot(server());
    await bot.create({ id: 'c' });
    await bot.append('c', { id: 'm', role: 'user', content: 'x' });
    const before = [(await bot.list()).text, (await bot.messages('c')).text];
    const message = ['n', null, 'user', null, 'hello', 'complete', null, null, null, null, null];
    for (const [method, path, json] of [
      ['POST', '/conversations', []],
      ['POST', '/conversations', ['named', 'title']],
      ['PATCH', '/conversations/c', ['renamed']],
      ['POST', '/conversations/c/messages', message],
      ['POST', '/conversations/c/messages', { messages: [message] }],
      ['POST', '/conversations/c/messages', { role: 'user', parts: [['text']] }],
      ['PATCH', '/conversations/c/messages/m', [null, 'changed']],
      ['PATCH', '/conversations/c/messages/m', { parts: [['own']] }],
      ['PUT', '/conversations/c/messages/m/feedback', [1]],
    ]) {
      const answer = await bot.request(method, path, { json });
      assert.equal(answer.status, 422, `${method} ${path} ${JSON.stringify(json)}: ${answer.text}`);
    }
    assert.deepEqual([(await bot.list()).text, (await bot.messages('c')).text], before);
  });
});
