// Pages as a browser, a crawler and a cache get them: headers, assets, weight.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { bareRequest } from '../harness/raw.mjs';
import { signedUp } from '../harness/readers.mjs';
import { Visitor } from '../harness/visitor.mjs';
import { defaults, onServers } from './variants.mjs';

const PUBLIC_PAGES = [
  '/',
  '/sign-in',
  '/sign-up',
  '/forgot-password',
  '/reset-password',
  '/verify-email',
  '/no-such-page',
];
const ACCOUNT_PAGES = ['/account', '/account/security', '/account/sessions', '/account/data'];
const KILOBYTE = 1024;

/** Every stylesheet, script, preload and WASM file the page names. */
function assetsOf(html) {
  const named = [...html.matchAll(/(?:href|src)="(\/[^"]+\.(?:css|js|wasm)[^"]*)"|["'](\/[^"']+\.(?:js|wasm))["']/g)];
  return [...new Set(named.map(([, linked, quoted]) => linked ?? quoted))];
}

const compressed = (server, path) => bareRequest(server, 'GET', path, { headers: { 'accept-encoding': 'br' } });

onServers(defaults, 'a page', (server) => {
  test('carries a policy that lets no foreign or inline script run, and no frame around it', async () => {
    const { visitor } = await signedUp(server());
    const asked = [
      ...PUBLIC_PAGES.map((path) => [new Visitor(server()), path]),
      ...['/', ...ACCOUNT_PAGES].map((path) => [visitor, path]),
    ];
    for (const [who, path] of asked) {
      const { headers, text } = await who.request('GET', path);
      const policy = headers.get('content-security-policy') ?? '';
      const directive = (name) => new RegExp(`(?:^|;)\\s*${name}\\s+([^;]*)`).exec(policy)?.[1]?.trim();
      const scripts = directive('script-src') ?? directive('default-src') ?? '';
      assert.ok(scripts, `${path}: no script-src in "${policy}"`);
      assert.doesNotMatch(scripts, /unsafe-inline|'unsafe-eval'|\*|https?:(\s|$)|data:/);
      assert.equal(directive('frame-ancestors'), "'none'");
      assert.ok(directive('base-uri') && (directive('object-src') ?? directive('default-src')) === "'none'", policy);
      assert.ok(directive('form-action'), policy);
      for (const [, attributes] of text.matchAll(/<script\b([^>]*)>/g)) {
        const nonce = /\bnonce="([^"]+)"/.exec(attributes)?.[1];
        if (/\bsrc=/.test(attributes) || /type="application\/(ld\+)?json"/.test(attributes)) continue;
        assert.ok(nonce && scripts.includes(`'nonce-${nonce}'`), `${path}: <script${attributes}>`);
      }
      assert.doesNotMatch(text, /\son(click|load|error|submit|input|change)\s*=|href="javascript:/i);
    }
  });

  test('takes a new nonce each time', async () => {
    const nonces = new Set();
    for (let time = 0; time < 3; time += 1) {
      const { headers } = await new Visitor(server()).request('GET', '/sign-in');
      nonces.add(/'nonce-([^']+)'/.exec(headers.get('content-security-policy'))?.[1]);
    }
    assert.equal(nonces.size, 3);
  });

  test('says what a browser may not do with it', async () => {
    const { visitor } = await signedUp(server());
    for (const [who, path] of [
      ...PUBLIC_PAGES.map((page) => [new Visitor(server()), page]),
      ...ACCOUNT_PAGES.map((page) => [visitor, page]),
    ]) {
      const { headers } = await who.request('GET', path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.ok(headers.get('referrer-policy'), path);
      assert.notEqual(headers.get('referrer-policy'), 'unsafe-url');
      assert.ok(headers.get('permissions-policy'), path);
      assert.equal(headers.get('server'), null);
      assert.equal(headers.get('x-powered-by'), null);
    }
    for (const path of ['/', ...ACCOUNT_PAGES]) {
      assert.match((await visitor.request('GET', path)).headers.get('cache-control') ?? '', /no-store/, path);
    }
  });

  test('has a language, a title, a description, a viewport and an icon', async () => {
    const titles = new Set();
    for (const path of PUBLIC_PAGES) {
      const { text } = await new Visitor(server()).request('GET', path);
      assert.match(text, /<html[^>]*\blang="?[a-z]{2}/, path);
      const title = /<title>([^<]+)<\/title>/.exec(text)?.[1];
      assert.ok(title?.trim(), path);
      titles.add(title);
      assert.match(text, /<meta[^>]*name="?viewport"?[^>]*>/, path);
      assert.match(text, /<link[^>]*rel="?(shortcut )?icon"?[^>]*>/, path);
      const description = /<meta[^>]*name="?description"?[^>]*content="([^"]+)"/.exec(text)?.[1];
      assert.ok(description?.length > 20 || path === '/no-such-page', path);
    }
    assert.equal(titles.size, PUBLIC_PAGES.length, [...titles].join(' | '));
  });

  test('links an icon that exists, and robots.txt is there', async () => {
    const { text } = await new Visitor(server()).request('GET', '/sign-in');
    const icon = /<link[^>]*rel="?(?:shortcut )?icon"?[^>]*>/.exec(text)[0];
    const address = /href="([^"]+)"/.exec(icon)[1];
    for (const path of [address, '/favicon.ico']) {
      const { status, headers } = await new Visitor(server()).request('GET', path);
      assert.equal(status, 200, path);
      assert.match(headers.get('content-type'), /^image\//, path);
    }
    const robots = await new Visitor(server()).request('GET', '/robots.txt');
    assert.equal(robots.status, 200);
    assert.match(robots.headers.get('content-type'), /^text\/plain/);
    assert.match(robots.text, /^User-agent: /im);
  });

  test('that is not there is a 404 page, for a wrong method a 4xx', async () => {
    for (const path of ['/no-such-page', '/sign-in/more', '/account/../nothing', '/pkg/none.js']) {
      assert.equal((await new Visitor(server()).request('GET', path)).status, 404, path);
    }
    const { status } = await new Visitor(server()).request('DELETE', '/sign-in');
    assert.ok([404, 405].includes(status), `status ${status}`);
    const head = await new Visitor(server()).request('HEAD', '/sign-in');
    assert.deepEqual([head.status, head.text], [200, '']);
  });

  test('brings assets under names of their own that stay for ever, compressed beforehand', async () => {
    const { text } = await new Visitor(server()).request('GET', '/sign-up');
    const assets = assetsOf(text);
    assert.ok(
      assets.some((path) => path.includes('.css')),
      `${assets}`,
    );
    for (const path of assets) {
      const answer = await compressed(server(), path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get('content-encoding'), 'br', path);
      assert.match(answer.headers.get('cache-control') ?? '', /immutable/, path);
      const plain = await bareRequest(server(), 'GET', path);
      assert.equal(plain.headers.get('content-encoding'), null, path);
      assert.equal(plain.status, 200);
    }
  });

  test('of sign-in weighs at most 14 KB with its styles, and its program at most 150 KB', async (t) => {
    const { text } = await new Visitor(server()).request('GET', '/sign-in');
    const assets = assetsOf(text);
    const weigh = async (kind) => {
      let bytes = 0;
      for (const path of assets.filter((asset) => asset.includes(kind))) {
        bytes += (await compressed(server(), path)).bytes.length;
      }
      return bytes;
    };
    const page = brotliCompressSync(text).length + (await weigh('.css'));
    t.diagnostic(`HTML and CSS ${page} bytes`);
    assert.ok(page <= 14 * KILOBYTE, `HTML and CSS ${page} bytes`);
    assert.ok((await weigh('.wasm')) <= 150 * KILOBYTE);
  });
});
