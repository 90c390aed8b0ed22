// Finding words in any language, whatever is typed, and never another reader's.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { readerWithBot } from '../harness/conversations.mjs';
import { assertProblem } from '../harness/verdicts.mjs';
import { bothDatabases, onServers } from './variants.mjs';

const TEXTS = {
  english: 'The borrow checker refuses a second mutable reference.',
  german: 'Die Straße über die Brücke führt zur Größe der Ausleihe.',
  chinese: '所有权是 Rust 最独特的功能,借用检查器保证内存安全。',
  japanese: '東京都の図書館で本を借りました。',
  korean: '소유권은 러스트의 가장 독특한 기능입니다.',
  code: 'Use std::vec::Vec and snake_case, not fooBarBaz; see C++ or https://doc.example/ch04#loans.',
  french: "L'école apprend déjà à emprunter.",
  numbers: 'Version 2.5 of chapter 10.',
};

/** What nobody means kindly, or what a database's own language would take for its own. */
const HOSTILE = [
  '"',
  '"""',
  '"unclosed phrase',
  "' or 1=1 --",
  '*',
  'a*b*',
  'NEAR(a b)',
  'a AND OR NOT b',
  'terms:borrow',
  '{terms}: borrow',
  '^borrow',
  'a & b | !c <-> d',
  '(((',
  ':*',
  '\\',
  "a:*'b",
  '\u0000borrow',
  '%_%',
  '\u202e\ud83d',
  '-borrow',
  '+',
  'x'.repeat(4000),
  'w '.repeat(2000),
  '漢'.repeat(1000),
  '"a b" '.repeat(300),
  '😀',
  '; drop table bookplate_messages',
];

onServers(bothDatabases, 'a search', (server) => {
  let bot;
  let stranger;
  const found = async (words, query) => {
    const { status, json, text } = await bot.search(words, query);
    assert.equal(status, 200, text);
    return json.items.map(({ message }) => message.id).sort();
  };

  before(async () => {
    [{ bot }, { bot: stranger }] = [await readerWithBot(server()), await readerWithBot(server())];
    for (const one of [bot, stranger]) await one.create({ id: 'texts', title: 'Texts' });
    for (const [id, content] of Object.entries(TEXTS)) await bot.append('texts', { id, role: 'assistant', content });
    await stranger.append('texts', { id: 'theirs', role: 'user', content: `${Object.values(TEXTS).join(' ')} sealed` });
  });

  const CASES = {
    'borrow checker': ['english'],
    'CHECKER Borrow': ['english'],
    '"borrow checker"': ['english'],
    '"checker borrow"': [],
    'borrow school': [],
    refu: ['english'],
    'refu second': [],
    strasse: ['german'],
    STRASSE: ['german'],
    'brucke grosse': ['german'],
    'Straße über': ['german'],
    所有权: ['chinese'],
    借用检查: ['chinese'],
    独: ['chinese'],
    '安全 rust': ['chinese'],
    権: [],
    東京: ['japanese'],
    京都: ['japanese'],
    図書館: ['japanese'],
    '"本を借り"': ['japanese'],
    소유권: ['korean'],
    독특한: ['korean'],
    러스트: ['korean'],
    'std::vec': ['code'],
    snake: ['code'],
    fooBarBaz: ['code'],
    foobarbaz: ['code'],
    'bar baz': ['code'],
    'doc.example': ['code'],
    "l'ecole": ['french'],
    deja: ['french'],
    2.5: ['numbers'],
    'chapter 10': ['numbers'],
    nowhere: [],
  };
  test('finds words in any order, pieces of writing without blanks, phrases and beginnings', async () => {
    for (const [words, ids] of Object.entries(CASES)) assert.deepEqual(await found(words), ids, words);
  });

  test('shows where: the conversation, the message, and the place in its text with what matched', async () => {
    const { json } = await bot.search('"borrow checker"');
    const [{ conversation, message, passage }] = json.items;
    assert.deepEqual(conversation, { id: 'texts', title: 'Texts', opening: null });
    assert.deepEqual([message.id, message.seq, message.role], ['english', 1, 'assistant']);
    assert.equal(passage.parts.map(({ text }) => text).join(''), TEXTS.english);
    assert.deepEqual([passage.beforeCut, passage.afterCut], [false, false]);
    const matched = passage.parts.filter((part) => part.matched).map(({ text }) => text);
    assert.equal(matched.join(' ').replace(/ +/g, ' '), 'borrow checker');
    const chinese = (await bot.search('借用')).json.items[0].passage;
    assert.equal(
      chinese.parts
        .filter((part) => part.matched)
        .map(({ text }) => text)
        .join(''),
      '借用',
    );
  });

  test('takes whatever is typed for words, and never fails', async () => {
    for (const words of HOSTILE) {
      const answer = await bot.search(words);
      if (answer.status === 422) assertProblem(answer, 422, 'VALIDATION_ERROR', 'q');
      else assert.equal(answer.status, 200, `${words.slice(0, 40)}: ${answer.text}`);
      assert.doesNotMatch(answer.text, /theirs|sealed/);
    }
    for (const words of ['', ' ', '!?', undefined]) {
      assertProblem(await bot.search(words), 422, 'VALIDATION_ERROR', 'q');
    }
    assertProblem(await bot.request('GET', '/search?q=a&q=b'), 422, 'VALIDATION_ERROR', 'q');
    assert.equal((await bot.messages('texts')).json.items.length, Object.keys(TEXTS).length);
  });

  test("finds one's own messages alone", async () => {
    assert.deepEqual(await found('sealed'), []);
    for (const words of ['borrow', '東京', 'straße', '2.5']) {
      const theirs = (await stranger.search(words)).json.items.map(({ message }) => message.id);
      assert.deepEqual(theirs, ['theirs'], words);
      assert.ok(!(await found(words)).includes('theirs'), words);
    }
  });

  test('follows what a message says now, and what is neither thought nor called is all it sees', async () => {
    await bot.create({ id: 'moving' });
    await bot.append('moving', { id: 'm', role: 'assistant', content: 'zebra', status: 'in_progress' });
    assert.deepEqual(await found('zebra'), ['m']);
    await bot.patch('moving', 'm', { content: 'giraffe', status: 'complete' });
    assert.deepEqual(await found('zebra'), []);
    assert.deepEqual(await found('giraffe'), ['m']);
    await bot.append('moving', { id: 'm', role: 'assistant', content: 'okapi' });
    assert.deepEqual(await found('giraffe'), []);
    assert.deepEqual(await found('okapi'), ['m']);
    const parts = [
      { type: 'reasoning', text: 'pangolin' },
      { type: 'tool-call', toolCallId: 't', toolName: 'pangolin', input: { q: 'pangolin' } },
      { type: 'text', text: 'axolotl' },
    ];
    await bot.append('moving', { id: 'n', role: 'assistant', parts });
    assert.deepEqual(await found('pangolin'), []);
    assert.deepEqual(await found('axolotl'), ['n']);
    await bot.append('moving', { id: 'o', role: 'user', content: 'axolotl too' });
    await bot.delete('moving');
    assert.deepEqual(await found('axolotl'), []);
    await bot.restore('moving');
    assert.deepEqual(await found('axolotl'), ['n', 'o']);
  });

  test('comes in pages, the newest first', async () => {
    await bot.create({ id: 'many' });
    const many = Array.from({ length: 60 }, (_, at) => ({ id: `w${at}`, role: 'user', content: `walrus ${at}` }));
    await bot.append('many', many);
    for (const limit of [7, 20, 100]) {
      const items = await bot.all('/search', { q: 'walrus', limit });
      assert.deepEqual(
        items.map(({ message }) => message.id),
        many.map(({ id }) => id).reverse(),
      );
    }
  });
});
