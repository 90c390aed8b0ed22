// What is stored is what was sent, to the letter; what cannot be stored is refused with the place that is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { bareRequest } from '../harness/raw.mjs';
import { assertProblem } from '../harness/verdicts.mjs';
import { bothDatabases, onServers } from './variants.mjs';

/** JSON as no serializer of ours would write it. */
const VERBATIM = [
  '{"type":"data-chart","data":{"z":1.0,"a":-0,"m":1E+2,"e":1e-7,"n":0.10,"big":12345678901234567890123,"z2":[ 1 ,2 ]}}',
  '{ "text" : "blanks \\u0061nd \\/ escapes" , "type" : "text" , "later": null }',
  '{"type":"text","text":"caf\u00e9 \u{1F469}\u200d\u{1F4BB} \u05e9\u05dc\u05d5\u05dd \u202e\u6f22\u5b57 \\ud83d\\ude00 e\u0301 \\u0000 \u2028\u2029"}',
  '{"type":"x.y_z:1-2","":{"":[]},"text":7}',
  '{"type":"tool-call","toolCallId":"c1","toolName":"search","input":{"b":1,"a":[true,false,null]},"state":"done"}',
  '{"type":"tool-result","toolCallId":"c1","output":[{"score":0.30000000000000004}],"errorText":null}',
  '{"type":"reasoning","text":"<script>alert(1)</script>","signature":"AbC=="}',
  '{"type":"source","sourceId":"s1","kind":"url","url":"javascript:alert(1)","score":1e0,"own":"member"}',
  '{"type":"file","url":"data:text/plain,x","mediaType":"text/plain"}',
  '{"type":"text","text":"twice","a":1,"a":2}',
  '{"type":"text","text":"on\\ntwo lines","deep":' + '['.repeat(60) + ']'.repeat(60) + '}',
];
const RAW = '{"id":"msg_1","content":[{"text":"\u00fc"}],"n":1.50,"n":2}';
const METADATA = '{"b":1.0,"a":{"x":-0.0}}';

onServers(bothDatabases, 'a message', (server) => {
  const conversation = async () => {
    const { bot } = await readerWithBot(server());
    return { bot, id: (await bot.create()).json.id };
  };
  const send = (bot, id, body) => bot.request('POST', `/conversations/${id}/messages`, { body });

  test('keeps its parts, its raw form and its metadata byte for byte, on every way out', async () => {
    const { bot, id } = await conversation();
    const usage = '{"outputTokens":7,"inputTokens":1,"cost":0.10}';
    const kept = [`"parts":[${VERBATIM.join(',')}]`, `"raw":${RAW}`, `"metadata":${METADATA}`, `"usage":${usage}`];
    const sent = await send(bot, id, `{"id":"m","role":"assistant",${kept.join(',')},"format":"own/v1"}`);
    assert.equal(sent.status, 201, sent.text);
    const answers = [
      sent,
      await bot.message(id, 'm'),
      await bot.messages(id),
      await bot.patch(id, 'm', { model: 'm' }),
    ];
    for (const { text } of answers) for (const piece of kept) assert.ok(text.includes(piece), `${piece}\nin ${text}`);
    const other = `[ {"type":"text","text":"anew"} ,${VERBATIM[0]} ]`;
    const changed = await bot.request('PATCH', `/conversations/${id}/messages/m`, { body: `{"parts":${other}}` });
    assert.ok(changed.text.includes(`{"type":"text","text":"anew"},${VERBATIM[0]}`), changed.text);
    assert.ok(changed.text.includes(kept[1]) && changed.text.includes(kept[2]), 'what was not named stays');
  });

  test('keeps the metadata of its conversation byte for byte', async () => {
    const { bot } = await readerWithBot(server());
    await bot.request('POST', '/conversations', { body: `{"id":"c","metadata": ${METADATA}}` });
    const other = '{"z":1e2,"a":"\\u00e9"}';
    assert.ok((await bot.find('c')).text.includes(`"metadata":${METADATA}`));
    const changed = await bot.request('PATCH', '/conversations/c', { body: `{"metadata":${other}}` });
    assert.ok(changed.text.includes(`"metadata":${other}`), changed.text);
    assert.ok((await bot.list()).text.includes(`"metadata":${other}`));
  });

  test('keeps a long text, and as many bytes as a part may have', async () => {
    const { bot, id } = await conversation();
    const text = '\u6f22\u5b57 and words \u{1F600} '.repeat(5000).slice(0, 60_000);
    await bot.append(id, { id: 'long', role: 'assistant', content: text });
    assert.equal((await bot.message(id, 'long')).json.parts[0].text, text);
    const part = (bytes) => `{"type":"text","text":"${'a'.repeat(bytes - '{"type":"text","text":""}'.length)}"}`;
    const most = await send(bot, id, `{"role":"user","parts":[${part(131_072)}]}`);
    assert.equal(most.status, 201);
    const more = await send(bot, id, `{"role":"user","parts":[${part(100)},${part(131_073)}]}`);
    assertProblem(more, 413, 'PART_TOO_LARGE', 'parts[1]');
  });

  test('counts the offsets of citations in code points', async () => {
    const { bot, id } = await conversation();
    const text = '\u{1F600}e\u0301\u6f22'; // four code points, five UTF-16 units, ten bytes
    const source = { type: 'source', sourceId: 's', kind: 'url', url: 'https://book.example/ch04#loans' };
    const cited = (...citations) => ({ role: 'assistant', parts: [{ type: 'text', text, citations }, source] });
    const citation = (start, end) => ({ start, end, sourceId: 's' });
    const kept = await bot.append(id, cited(citation(0, 1), citation(3, 4), citation(4, 4)));
    assert.equal(kept.status, 201, kept.text);
    assert.deepEqual(kept.json.messages[0].parts[0].citations[1], citation(3, 4));
    const beyond = await bot.append(id, cited(citation(0, 1), citation(3, 5)));
    assertProblem(beyond, 422, 'VALIDATION_ERROR', 'parts[0].citations[1].end');
    const backwards = await bot.append(id, cited(citation(2, 1)));
    assertProblem(backwards, 422, 'VALIDATION_ERROR', 'parts[0].citations[0].end');
    const negative = await bot.append(id, cited(citation(-1, 1)));
    assertProblem(negative, 422, 'VALIDATION_ERROR', 'parts[0].citations[0].start');
  });

  test('that is not what it should be is refused with every place that is wrong', async () => {
    const { bot, id } = await conversation();
    const cases = [
      [{ role: 'user' }, ['parts']],
      [{ role: 'user', content: 'x', parts: [] }, ['content']],
      [{ content: 'x' }, []],
      [{ role: 'robot', content: 'x' }, ['role']],
      [{ role: 'user', content: 'x', status: 'done' }, ['status']],
      [{ role: 'user', content: 7 }, ['content']],
      [{ role: 'user', content: 'x', own: 1 }, ['own']],
      [{ role: 'user', content: 'x', id: '' }, ['id']],
      [{ role: 'user', content: 'x', id: '..' }, ['id']],
      [{ role: 'user', content: 'x', id: 'a/b' }, ['id']],
      [{ role: 'user', content: 'x', id: 'a'.repeat(129) }, ['id']],
      [{ role: 'user', content: 'x', model: 'two\nlines' }, ['model']],
      [{ role: 'user', content: 'x', format: 'a'.repeat(201) }, ['format']],
      [{ role: 'user', content: 'x', metadata: [] }, ['metadata']],
      [{ role: 'user', content: 'x', metadata: { a: 'x'.repeat(16_384) } }, ['metadata']],
      [{ role: 'user', content: 'x', usage: { inputTokens: -1 } }, ['usage.inputTokens']],
      [{ role: 'user', parts: [{ text: 'x' }] }, ['parts[0]']],
      [{ role: 'user', parts: [{ type: 'text' }] }, ['parts[0]']],
      [{ role: 'user', parts: [{ type: 'a b' }] }, ['parts[0].type']],
      [{ role: 'user', parts: [{ type: 'text', text: 'x' }, 'x'] }, ['parts[1]']],
      [{ role: 'user', parts: Array(201).fill({ type: 'x' }) }, ['parts']],
      [
        { role: 'user', model: '\u0007', format: '\u0000', parts: [{ type: '' }] },
        ['parts[0].type', 'model', 'format'],
      ],
      [{ messages: [] }, ['messages']],
      [{ messages: Array(101).fill({ role: 'user', content: 'x' }) }, ['messages']],
      [
        { messages: [{ role: 'user' }, { role: 'user', content: 'x' }, { role: 'user', parts: [{ type: '!' }] }] },
        ['messages[0].parts', 'messages[2].parts[0].type'],
      ],
      [{ messages: [{ role: 'user', content: 'x' }], key: 1 }, ['key']],
    ];
    for (const [json, fields] of cases) {
      const answer = await bot.request('POST', `/conversations/${id}/messages`, { json });
      assertProblem(answer, 422, 'VALIDATION_ERROR', ...fields);
    }
    assert.equal((await bot.find(id)).json.messageCount, 0);
  });

  test('whose change changes nothing that there is, is refused', async () => {
    const { bot, id } = await conversation();
    await bot.append(id, { id: 'm', role: 'user', content: 'x' });
    for (const [json, fields] of [
      [{}, []],
      [{ status: 'gone' }, ['status']],
      [{ role: 'assistant' }, ['role']],
      [{ parts: [{ type: 'text', text: 1 }] }, ['parts[0].text']],
    ]) {
      assertProblem(await bot.patch(id, 'm', json), 422, 'VALIDATION_ERROR', ...fields);
    }
    for (const [json, field] of [
      [{ value: 0 }, 'value'],
      [{ value: 1, comment: 'x'.repeat(2001) }, 'comment'],
      [{ value: 1, tags: ['a'.repeat(51)] }, 'tags'],
      [{ value: 1, tags: Array(21).fill('a') }, 'tags'],
    ]) {
      assertProblem(await bot.rate(id, 'm', json), 422, 'VALIDATION_ERROR', field);
    }
    for (const [json, fields] of [
      [{}, []],
      [{ title: 'a'.repeat(201) }, ['title']],
      [{ title: 'two\nlines' }, ['title']],
      [{ status: 'deleted' }, ['status']],
      [{ metadata: 'x' }, ['metadata']],
    ]) {
      assertProblem(await bot.change(id, json), 422, 'VALIDATION_ERROR', ...fields);
    }
    for (const name of ['export', 'import', '.', '..', '', 'a b', '\u00e9', 'a'.repeat(129)]) {
      assertProblem(await bot.create({ id: name }), 422, 'VALIDATION_ERROR', 'id');
    }
  });

  test('that is no JSON, or says it is something else, is told so', async () => {
    const {
      bot,
      id,
      bot: { headers },
    } = await conversation();
    const path = `/api/conversations/${id}/messages`;
    for (const body of ['', '{', '{"role":"user","content":"\\ud800"}', '\u0000', '{"role":"user","content":"x"} x']) {
      assertProblem(await bot.request('POST', path.slice(4), { body }), 400, 'BAD_REQUEST');
    }
    const deep = `{"role":"user","parts":[{"type":"x","y":${'['.repeat(200)}${']'.repeat(200)}}]}`;
    const refused = await bot.request('POST', path.slice(4), { body: deep });
    assert.ok([400, 422].includes(refused.status), refused.text);
    const body = JSON.stringify({ role: 'user', content: 'x' });
    for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      const sent = type ? { ...headers, 'content-type': type } : headers;
      assertProblem(await bareRequest(server(), 'POST', path, { body, headers: sent }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    }
    const packed = { ...headers, 'content-type': 'application/json', 'content-encoding': 'gzip' };
    assertProblem(await bareRequest(server(), 'POST', path, { body, headers: packed }), 415, 'UNSUPPORTED_MEDIA_TYPE');
    const charset = { ...headers, 'content-type': 'Application/JSON; charset=utf-8' };
    assert.equal((await bareRequest(server(), 'POST', path, { body, headers: charset })).status, 201);
  });
});

const LIMITS = {
  BOOKPLATE_MAX_PART_BYTES: '1k',
  BOOKPLATE_MAX_MESSAGE_BYTES: '2k',
  BOOKPLATE_MAX_MESSAGES: '3',
  BOOKPLATE_MAX_CONVERSATIONS: '2',
};

onServers(
  bothDatabases,
  'an operator',
  (server) => {
    const user = (content) => ({ role: 'user', content });

    test('bounds parts, messages, conversations and what a body may weigh', async () => {
      const { bot } = await readerWithBot(server());
      const [{ json: first }, second] = [await bot.create(), await bot.create()];
      assert.equal(second.status, 201);
      assertProblem(await bot.create(), 422, 'TOO_MANY_CONVERSATIONS');
      assert.equal((await bot.create({ id: first.id })).status, 200, 'one that is there is no new one');
      assertProblem(await bot.append(first.id, user('x'.repeat(1024))), 413, 'PART_TOO_LARGE', 'content');
      const parts = Array(3).fill({ type: 'text', text: 'x'.repeat(900) });
      assertProblem(await bot.append(first.id, { role: 'user', parts }), 413, 'MESSAGE_TOO_LARGE');
      assertProblem(await bot.append(first.id, Array(4).fill(user('x'))), 422, 'CONVERSATION_FULL');
      assert.equal((await bot.append(first.id, [user('a'), user('b'), { ...user('c'), id: 'm' }])).status, 201);
      assertProblem(await bot.append(first.id, user('d')), 422, 'CONVERSATION_FULL');
      assert.equal((await bot.append(first.id, { ...user('changed'), id: 'm' })).status, 200);
      assertProblem(await bot.append(first.id, user('x'.repeat(70_000))), 413, 'PAYLOAD_TOO_LARGE');
      assert.equal((await bot.delete(second.json.id)).status, 204);
      assert.equal((await bot.create()).status, 201, 'a deleted one makes room');
    });
  },
  { env: LIMITS },
);
