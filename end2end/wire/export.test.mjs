// What a reader takes away: an archive that any program opens, with everything that is stored and no more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callPython } from '../harness/python.mjs';
import { bareRequest } from '../harness/raw.mjs';
import { readerWithBot } from '../harness/conversations.mjs';
import { signedIn, signedUp } from '../harness/readers.mjs';
import { bothDatabases, onServers } from './variants.mjs';

onServers(bothDatabases, "a reader's copy", (server) => {
  const take = async ({ visitor }, headers = { origin: server().origin }) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', cookie: visitor.cookieHeader() };
    return bareRequest(server(), 'POST', '/account/data/export', { body: '', headers: { ...form, ...headers } });
  };
  const unzip = ({ bytes }) => callPython('unzip.py', { base64: bytes.toString('base64') });

  test('is a ZIP file with everything for programs and for reading', async () => {
    const here = await signedUp(server(), { name: 'Ada <i>L.</i>', organization: 'Shelf & Sons' });
    const there = await signedIn(server(), here.reader);
    const answer = await take(here);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/zip');
    assert.match(answer.headers.get('cache-control'), /no-store/);
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename="[a-z0-9-]+\.zip"$/);

    const files = await unzip(answer);
    const always = ['README.txt', 'account.html', 'account.json', 'conversations.html', 'conversations.json'];
    assert.deepEqual(Object.keys(files).sort(), always);
    const account = JSON.parse(files['account.json']);
    assert.deepEqual([account.format, account.version], ['bookplate-export', 1]);
    const { id, email, name, emailVerified } = account.profile;
    assert.deepEqual(
      { id, email, name, emailVerified },
      { id: here.user.id, email: here.reader.email, name: 'Ada <i>L.</i>', emailVerified: false },
    );
    const answers = Object.fromEntries(account.answers.map((answer) => [answer.name, answer.answer]));
    assert.equal(answers.organization, 'Shelf & Sons');
    assert.equal(answers.experienceLevel, 'beginner');
    assert.deepEqual([account.sessions.length, account.browsers.length], [2, 2]);
    assert.equal(account.sessions[0].ipAddress, '127.0.0.1');
    const kinds = account.events.map(({ kind }) => kind);
    for (const kind of ['sign-up', 'sign-in', 'export']) assert.ok(kinds.includes(kind), `${kinds}`);

    assert.ok(files['account.html'].includes('Ada &lt;i&gt;L.&lt;/i&gt;'), 'text stays text');
    assert.doesNotMatch(files['account.html'], /<script|https?:\/\/[^"<]*\.(css|js|png)/);
    const whole = Object.values(files).join('\n');
    const secrets = [here.reader.password, here.visitor.sessionCookie.value, there.visitor.sessionCookie.value];
    for (const secret of secrets) assert.ok(!whole.includes(secret));
    assert.doesNotMatch(whole, /\$argon2/);
  });

  test('holds the conversations, each as a page of its own, text as text', async () => {
    const here = await readerWithBot(server());
    for (const id of ['one', 'two']) {
      assert.equal((await here.bot.create({ id, title: `<b>${id}</b>` })).status, 201);
      const said = [
        { id: `${id}-asked`, role: 'user', content: 'What is a shelf?' },
        { id: `${id}-answer`, role: 'assistant', content: '<script>a plank</script>' },
      ];
      assert.equal((await here.bot.append(id, said)).status, 201);
    }
    const files = await unzip(await take(here));
    const pages = Object.keys(files).filter((name) => name.startsWith('conversations/'));
    assert.deepEqual(pages.sort(), ['conversations/00001.html', 'conversations/00002.html']);
    const { conversations } = JSON.parse(files['conversations.json']);
    assert.deepEqual(conversations.map(({ id }) => id).sort(), ['one', 'two']);
    for (const { id, messages } of conversations)
      assert.deepEqual(messages.map((message) => message.id), [`${id}-asked`, `${id}-answer`]);
    for (const page of pages) {
      assert.ok(files[page].includes('What is a shelf?'), page);
      assert.doesNotMatch(files[page], /<script/);
    }
    for (const page of pages) assert.ok(files['conversations.html'].includes(`href="${page}"`), page);
  });

  test('holds nothing of another reader, and another site cannot have it made', async () => {
    const here = await signedUp(server());
    const other = await signedUp(server());
    const whole = Object.values(await unzip(await take(here))).join('\n');
    for (const foreign of [other.user.id, other.reader.email]) assert.ok(!whole.includes(foreign));
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
      const refused = await take(here, headers);
      assert.equal(refused.status, 403, JSON.stringify(headers));
      assert.equal(refused.headers.get('content-disposition'), null);
    }
    const headers = { origin: server().origin };
    const nobody = await bareRequest(server(), 'POST', '/account/data/export', { headers });
    assert.equal(nobody.status, 303);
    assert.equal(nobody.headers.get('location'), '/sign-in?next=/account/data');
  });
});
