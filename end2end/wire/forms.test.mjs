// The form door without a browser: 303 on success, the same page with a 4xx on failure, and the JSON door's own rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareRequest } from '../harness/raw.mjs';
import { newReader, signedUp } from '../harness/readers.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { bothDatabases, onServers } from './variants.mjs';

/** The address the page's main form is sent to, and its hidden fields. */
async function formOf(visitor, path) {
  const { text, status } = await visitor.request('GET', path);
  assert.equal(status, 200, path);
  const form = [...text.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)]
    .map(([html]) => html)
    .find((html) => /name="?(email|name)\b/.test(html));
  const attribute = (html, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(html)?.[1]?.replaceAll('&amp;', '&');
  const hidden = [...form.matchAll(/<input\b[^>]*type="?hidden[^>]*>/g)].map(([html]) => [
    attribute(html, 'name'),
    attribute(html, 'value') ?? '',
  ]);
  return { action: attribute(form.split('>')[0], 'action') || path, hidden: Object.fromEntries(hidden) };
}

async function send(visitor, path, fields, options = {}) {
  const { action, hidden } = await formOf(visitor, path);
  const headers = { accept: 'text/html', referer: new URL(path, visitor.server.origin).href };
  return visitor.request('POST', action, { form: { ...hidden, ...fields }, headers, ...options });
}

const asForm = (reader) => ({ ...reader, rememberMe: 'on' });

onServers(bothDatabases, 'a form', (server) => {
  test('that succeeds answers 303 and the cookie of the JSON door', async () => {
    const visitor = new Visitor(server());
    const reader = newReader();
    const opened = await send(visitor, '/sign-up', asForm(reader));
    assert.equal(opened.status, 303);
    assert.equal(new URL(opened.headers.get('location'), server().origin).href, `${server().origin}/`);
    assert.equal(opened.sessionCookie.maxAge, 604_800);
    assert.equal((await visitor.api('GET', '/get-session')).json.user.email, reader.email);
    const { status } = await send(new Visitor(server()), '/sign-in', asForm(reader));
    assert.equal(status, 303);
  });

  test('opens an account that the JSON door knows, and the other way round', async () => {
    const { reader } = await signedUp(server());
    const taken = await send(new Visitor(server()), '/sign-up', asForm(reader));
    assert.equal(taken.status, 422);
    const other = newReader();
    await send(new Visitor(server()), '/sign-up', asForm(other));
    const { data } = await new Visitor(server())
      .client()
      .signIn.email({ email: other.email, password: other.password });
    assert.equal(data.user.experienceLevel, other.experienceLevel);
  });

  test('that fails is the page again with the status of the JSON door, and never the password', async () => {
    const { reader } = await signedUp(server());
    const cases = [
      ['/sign-in', { ...reader, password: 'Not-the-password-1' }, 401],
      ['/sign-in', { ...reader, email: newReader().email }, 401],
      ['/sign-up', newReader({ password: 'weak' }), 400],
      ['/sign-up', newReader({ experienceLevel: '' }), 400],
      ['/sign-up', newReader({ experienceLevel: 'wizard' }), 400],
      ['/sign-up', newReader({ email: 'not-an-address' }), 400],
      ['/sign-up', newReader({ name: 'n'.repeat(5000) }), 400],
    ];
    for (const [path, fields, expected] of cases) {
      const { status, text, headers, sessionCookie } = await send(new Visitor(server()), path, asForm(fields));
      assert.equal(status, expected, `${path} ${JSON.stringify(fields).slice(0, 60)}`);
      assert.match(headers.get('content-type'), /^text\/html/);
      assert.match(text, /<title>Error:/);
      assert.match(text, /aria-invalid="?true|role="?alert/);
      assert.ok(!text.includes(fields.password) || fields.password === 'weak', 'the password is on the page');
      assert.equal(sessionCookie, undefined);
    }
  });

  test('escapes what it shows again', async () => {
    const email = '"><script>alert(1)</script>@b.example';
    for (const path of ['/sign-in', '/sign-up']) {
      const { text } = await send(new Visitor(server()), path, asForm(newReader({ email, name: '<b onload=x>' })));
      assert.doesNotMatch(text, /<script>alert\(1\)|<b onload/);
    }
  });

  test('takes an address with blanks around it', async () => {
    const reader = newReader();
    const opened = await send(new Visitor(server()), '/sign-up', asForm({ ...reader, email: ` ${reader.email} ` }));
    assert.equal(opened.status, 303);
    const { status } = await send(new Visitor(server()), '/sign-in', asForm({ ...reader, email: `${reader.email} ` }));
    assert.equal(status, 303);
  });

  test('from another site is refused', async () => {
    const { reader, visitor } = await signedUp(server());
    for (const origin of ['https://evil.example', 'null']) {
      const answer = await send(new Visitor(server()), '/sign-in', asForm(reader), { origin });
      assert.equal(answer.status, 403, origin);
      assert.equal(answer.sessionCookie, undefined);
      assert.equal((await send(visitor, '/account', { name: 'Taken over' }, { origin })).status, 403, origin);
    }
    const { hidden, action } = await formOf(new Visitor(server()), '/sign-in');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
    };
    const body = new URLSearchParams({ ...hidden, email: reader.email, password: reader.password }).toString();
    const forged = await bareRequest(server(), 'POST', action, { body, headers });
    assert.equal(forged.status, 403);
  });

  test('cannot be filled by its address', async () => {
    const { text } = await new Visitor(server()).request(
      'GET',
      '/sign-in?email=a%40b.example&password=Quiet-harbour-1&error=Call+555&__err=Call+555&__path=%2Fsign-in',
    );
    assert.doesNotMatch(text, /Quiet-harbour-1|Call 555/);
  });

  test('never redirects to a Referer or a next elsewhere', async () => {
    const { reader } = await signedUp(server());
    for (const next of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      '/%2f/evil.example',
      'javascript:alert(1)',
      '/.//evil.example',
    ]) {
      const headers = { accept: 'text/html', referer: 'https://evil.example/page' };
      const answer = await send(new Visitor(server()), '/sign-in', { ...asForm(reader), next }, { headers });
      assert.equal(answer.status, 303, next);
      assert.equal(new URL(answer.headers.get('location'), server().origin).href, `${server().origin}/`, next);
    }
  });
});

onServers(bothDatabases, 'signing out', (server) => {
  test('is a POST: a link or a picture cannot do it', async () => {
    const { visitor } = await signedUp(server());
    for (const method of ['GET', 'HEAD']) await visitor.request(method, '/sign-out');
    assert.ok((await visitor.api('GET', '/get-session')).json.user);
    const answer = await visitor.request('POST', '/sign-out', { form: { go: '1' }, headers: { accept: 'text/html' } });
    assert.equal(answer.status, 303);
    assert.equal(visitor.sessionCookie, undefined);
    assert.equal((await visitor.api('GET', '/get-session')).json, null);
  });
});
