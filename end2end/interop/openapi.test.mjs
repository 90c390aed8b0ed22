// The description of the API: valid after OpenAPI, and what the server really answers fits it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conversations, readerWithBot } from '../harness/conversations.mjs';
import { callPython } from '../harness/python.mjs';
import { newReader } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';

const described = async (server, name) => (await fetch(new URL(name, server.origin))).json();
const answerTo = (operationId, { status, headers, json }) => ({
  operationId,
  status,
  contentType: headers.get('content-type').split(';')[0],
  body: json,
});

const PARTS = [
  { type: 'text', text: 'They fall.', citations: [{ sourceId: 's1', start: 0, end: 4 }] },
  { type: 'source', sourceId: 's1', kind: 'url', url: 'https://book.example/x#y', score: 0.5 },
  { type: 'tool-call', toolCallId: 't1', toolName: 'look_up', input: { page: 3 } },
  { type: 'tool-result', toolCallId: 't1', output: null, errorText: 'gone' },
  { type: 'data-chart', points: [1, 2] },
];

/** Answers of every kind below /api, but for /api/auth. */
async function ofConversations({ bot }) {
  const nobody = new Conversations(bot.server);
  return [
    answerTo('createConversation', await bot.create({ id: 'c1', metadata: { a: [1] } })),
    answerTo('createConversation', await bot.create({ id: 'c1' })),
    answerTo('appendMessages', await bot.append('c1', { id: 'q1', role: 'user', content: 'How do robots walk?' })),
    answerTo('appendMessages', await bot.append('c1', [{ id: 'a1', role: 'assistant', parts: PARTS, raw: [null] }])),
    answerTo('updateMessage', await bot.patch('c1', 'a1', { usage: { inputTokens: 1 }, model: 'm' })),
    answerTo('setFeedback', await bot.rate('c1', 'a1', { value: -1, tags: ['wrong'] })),
    answerTo('getMessage', await bot.message('c1', 'a1')),
    answerTo('listMessages', await bot.messages('c1', { limit: 1 })),
    answerTo('updateConversation', await bot.change('c1', { title: 'Robots' })),
    answerTo('listConversations', await bot.list()),
    answerTo('getConversation', await bot.find('c1')),
    answerTo('restoreConversation', await bot.restore('c1')),
    answerTo('exportConversations', await bot.request('GET', '/conversations/export')),
    answerTo('exportConversation', await bot.request('GET', '/conversations/c1/export')),
    answerTo('importConversations', await bot.request('POST', '/conversations/import', { json: [7] })),
    answerTo('searchMessages', await bot.search('robots')),
    answerTo('getReader', await bot.me()),
    answerTo('getConversation', await bot.find('nobody-has-it')),
    answerTo('getConversation', await nobody.find('c1')),
    answerTo('createConversation', await bot.create({ title: 7 })),
    answerTo('listConversations', await bot.list({ cursor: 'made-up' })),
    answerTo('appendMessages', await bot.append('c1', { id: 'q1', role: 'system', content: 'x' })),
    answerTo('createConversation', await bot.request('POST', '/conversations', { body: '{' })),
  ];
}

/** Answers of the Better Auth wire. */
async function ofTheWire({ httpClient, reader }) {
  const get = (path) => httpClient.api('GET', path);
  const post = (path, json) => httpClient.api('POST', path, { json });
  const { email, password } = reader;
  return [
    answerTo('signInEmail', await post('/sign-in/email', { email, password })),
    answerTo('signInEmail', await post('/sign-in/email', { email, password: 'Not-the-password-1' })),
    answerTo('signUpEmail', await post('/sign-up/email', newReader({ email }))),
    answerTo('signUpEmail', await post('/sign-up/email', { email })),
    answerTo('getSession', await get('/get-session')),
    answerTo('refreshSession', await post('/session/refresh')),
    answerTo('listSessions', await get('/list-sessions')),
    answerTo('listAccounts', await get('/list-accounts')),
    answerTo('updateUser', await post('/update-user', { name: 'Ada' })),
    answerTo('updateUser', await post('/update-user', {})),
    answerTo('getUser', await get('/user')),
    answerTo('verifyPassword', await post('/verify-password', { password })),
    answerTo('changePassword', await post('/change-password', { currentPassword: password, newPassword: `${password}!` })),
    answerTo('requestPasswordReset', await post('/request-password-reset', { email })),
    answerTo('getToken', await get('/token')),
    answerTo('getToken', await get('/token?audience=nobody')),
    answerTo('getKeys', await get('/jwks')),
    answerTo('getOk', await get('/ok')),
    answerTo('verifyEmail', await get('/verify-email?token=made-up')),
    answerTo('signOut', await post('/sign-out')),
    answerTo('getSession', await get('/get-session')),
    answerTo('listSessions', await get('/list-sessions')),
  ];
}

test('the description is valid, and what is answered fits it', async () => {
  const server = await startServer();
  try {
    const documents = [
      await described(server, '/api/openapi.json'),
      await described(server, '/api/openapi-3.0.json'),
    ];
    const reader = await readerWithBot(server);
    const answers = [...(await ofConversations(reader)), ...(await ofTheWire(reader))];
    const { wrong } = await callPython('openapi.py', { documents, answers }, new URL('.', import.meta.url));
    assert.deepEqual(wrong, []);
  } finally {
    await server.discard();
  }
});
