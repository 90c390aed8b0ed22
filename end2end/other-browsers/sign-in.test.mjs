// The guide's book in Firefox and in WebKit: signing in by redirect, a reload, a second tab, and the way to Bookplate and
// back where the browser keeps no cookie of another site.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startSites } from '../cross-site/sites.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import { until } from '../harness/poll.mjs';
import { newReader } from '../harness/readers.mjs';
import { startFirefox } from './firefox.mjs';
import { startSocksProxy } from './socks.mjs';
import { startWebKit } from './webkit.mjs';

/** Firefox's setting "all third-party cookies are blocked". */
const BLOCK_ALL = { 'network.cookie.cookieBehavior': 1 };

const BROWSERS = {
  'Firefox as it comes': { start: startFirefox, keepsTheCookie: true, tabs: true },
  'Firefox that blocks all third-party cookies': { start: (options) => startFirefox({ ...options, preferences: BLOCK_ALL }), tabs: true },
  'WebKit with Intelligent Tracking Prevention': { start: startWebKit },
};

for (const [name, { start, keepsTheCookie = false, tabs = false }] of Object.entries(BROWSERS)) {
  describe(name, () => {
    let sites;
    let proxy;
    let browser;
    let page;
    let reader;
    let chapter;

    before(async () => {
      sites = await startSites();
      proxy = await startSocksProxy(Number(new URL(sites.book).port));
      browser = await start({ proxyPort: proxy.port });
      page = await browser.tab();
      reader = newReader();
      sites.server.keepSecret(reader.password);
      chapter = `${sites.book}/plain/sensors.html#range`;
      await createAccount(sites, reader);
    });
    after(async () => {
      await browser?.stop();
      await proxy?.stop();
      await sites?.stop();
    });

    /** The text of an element, once it fits. A page that is being left answers nothing. */
    const shows = (tab, selector, expected) =>
      until(`"${expected}" in ${selector}`, async () => {
        const text = await tab.run((selector) => document.querySelector(selector)?.textContent, selector);
        if (text?.startsWith(expected)) return true;
        const { address, body } = await tab.run(() => ({ address: location.href, body: document.body.innerText.slice(0, 300) }));
        throw new Error(`${address} shows ${JSON.stringify(text)}: ${body}`);
      });
    const signedIn = (tab) => shows(tab, '#greeting', `Signed in as ${reader.name}`);
    const offersSignIn = (tab) =>
      until('a button to sign in', () => tab.run(() => document.querySelector('#sign-in')?.hidden === false));
    const click = (tab, selector) => tab.run((selector) => void setTimeout(() => document.querySelector(selector).click()), selector);

    test('signs in by redirect, and calls the chatbot', async () => {
      await page.open(chapter);
      await offersSignIn(page);
      await click(page, '#sign-in');
      await until('the form', () => page.run(() => document.querySelector('main [name=password]') !== null));
      await page.run(
        (email, password) => {
          const form = document.querySelector('main [name=password]').form;
          form.elements.email.value = email;
          form.elements.password.value = password;
          setTimeout(() => form.requestSubmit());
        },
        reader.email,
        reader.password,
      );
      await signedIn(page);
      assert.equal(await page.run(() => location.href), chapter);
      await ask(page, 'How far?');
      await shows(page, '#answer', 'You asked: How far?');
    });

    test('after a reload, the reader is signed in, or is so at the first question', async () => {
      await page.open('about:blank');
      await page.open(chapter);
      if (keepsTheCookie) return signedIn(page);
      await offersSignIn(page);
      await ask(page, 'And after that?');
      await shows(page, '#answer', 'You asked: And after that?');
      await signedIn(page);
      assert.equal(await page.run(() => location.href), chapter);
    });

    if (tabs) {
      test('a second tab', async () => {
        const second = await browser.tab();
        await second.open(`${sites.book}/plain/legs.html`);
        if (keepsTheCookie) return signedIn(second);
        await offersSignIn(second);
        await click(second, '#sign-in');
        await signedIn(second);
      });
    }

    test('signs out', async () => {
      await click(page, '#sign-out');
      const isForgotten = () => document.querySelector('#ask') !== null && localStorage.getItem('bookplate:book') === null;
      await until('the book to forget the reader', () => page.run(isForgotten));
      await offersSignIn(page);
    });
  });
}

function ask(tab, question) {
  return tab.run((question) => {
    const form = document.querySelector('#ask');
    form.elements.question.value = question;
    setTimeout(() => form.requestSubmit());
  }, question);
}

async function createAccount(sites, reader) {
  const client = new HttpClient({ origin: sites.accounts, keepSecret: (value) => sites.server.keepSecret(value) });
  const headers = { origin: sites.accounts, 'content-type': 'application/json' };
  const response = await sites.fetch(`${sites.accounts}/api/auth/sign-up/email`, { method: 'POST', headers, body: JSON.stringify(reader) });
  const { status, text } = await client.read(response);
  assert.equal(status, 200, text);
}
