// Signing in on a book on another site, with the pages of docs/SIGN-IN-FROM-ANOTHER-SITE.md.
import { violations } from '../tests/axe.mjs';
import { Book, createAccount } from './book.mjs';
import { expect, test } from './fixtures.mjs';
import { BOOKS } from './sites.mjs';

for (const name of BOOKS) {
  // What has little to do with the library is asked of it in the thorough run only.
  const library = name === 'plain' ? '' : ' @thorough';

  test.describe(`the book of the guide, ${name}`, () => {
    test('signs in by redirect, back at the same page and place, and calls the chatbot @cookies', async ({ page, sites, reader }) => {
      const user = await createAccount(sites, reader);
      const book = new Book(page, sites, name);
      await book.open('sensors.html?edition=2#range');
      await book.expectSignedOut();
      await page.evaluate(() => scrollTo(0, 1234));
      await book.pressWithoutScrolling('Sign in');
      await expect(page.getByText('Walking Robots').first()).toBeVisible();
      await book.fillSignIn(reader);
      await book.expectSignedIn(reader, 'sensors.html?edition=2#range');
      await expect.poll(() => page.evaluate(() => scrollY)).toBe(1234);

      expect((await book.call('reader')).sub).toBe(user.id);
      await book.ask('How far does ultrasound reach?');
      await expect(book.answer).toHaveText('You asked: How far does ultrasound reach?');
      expect(await book.call('conversations', 'conversations.js')).toEqual([]);
    });

    test('keeps the reader signed in over a reload and in a second tab @cookies', async ({ page, sites, reader }) => {
      await createAccount(sites, reader);
      const book = new Book(page, sites, name);
      await book.signIn(reader);
      await page.reload();
      await book.expectSignedIn(reader);
      const second = await book.tab('legs.html');
      await second.expectSignedIn(reader, 'legs.html');
      await second.page.reload();
      await second.expectSignedIn(reader);
      await page.reload();
      await book.expectSignedIn(reader);
    });

    test(`signs out everywhere, which the other tab sees${library}`, async ({ page, sites, reader }) => {
      await createAccount(sites, reader);
      const book = new Book(page, sites, name);
      await book.signIn(reader);
      const other = await book.tab('legs.html');
      await other.expectSignedIn(reader);
      await book.press('Sign out');
      await book.expectSignedOut('chapter.html');
      await other.expectSignedOut('legs.html');
      expect(await other.call('token')).toBeNull();
      await page.goto(`${sites.accounts}/account`);
      await book.expectSignInForm();
    });

    test('asks Bookplate again where the cookie is not kept, and comes back with the question @cookies', async ({ page, sites, reader }) => {
      await createAccount(sites, reader);
      const book = new Book(page, sites, name);
      await book.signIn(reader, 'sensors.html#range');
      await forgetRenewal(page.context());
      const silent = () => requests.filter(({ path, query }) => path === '/oauth2/authorize' && query.includes('prompt=none'));
      const requests = requestsOf(page);
      await page.reload();
      await book.expectSignedOut('sensors.html#range');
      expect(silent(), 'the loading of a page sends nobody away').toEqual([]);
      await page.evaluate(() => scrollTo(0, 987));
      await page.getByLabel('Ask the book').evaluate((field) => (field.value = 'How far?'));
      await page.locator('#ask').evaluate((form) => form.requestSubmit());
      await expect(book.answer).toHaveText('You asked: How far?');
      await book.expectSignedIn(reader, 'sensors.html#range');
      await expect.poll(() => page.evaluate(() => scrollY)).toBe(987);
      expect(silent()).toHaveLength(1);
    });

    test(`takes no answer that it has not asked for${library}`, async ({ page, sites, reader }) => {
      await createAccount(sites, reader);
      const book = new Book(page, sites, name);
      const requests = requestsOf(page);
      await book.open(`callback.html?code=stolen&state=unknown&iss=${encodeURIComponent(sites.accounts)}`);
      await book.expectSignedOut('');
      await book.signIn(reader);
      await book.open(`callback.html?code=stolen&state=retry.unknown&iss=${encodeURIComponent(sites.accounts)}`);
      await expect(page.getByRole('status')).toContainText('This browser forgets');
      expect(requests.filter(({ body }) => body?.includes('stolen'))).toEqual([]);
    });

    test(`takes no answer of another server${library}`, async ({ page, sites, reader }) => {
      await createAccount(sites, reader);
      const book = new Book(page, sites, name);
      await page.addInitScript(() => {
        const url = new URL(location.href);
        if (!url.searchParams.has('iss')) return;
        url.searchParams.set('iss', 'https://evil.example');
        history.replaceState(null, '', url);
      });
      const requests = requestsOf(page);
      await book.open();
      await book.press('Sign in');
      await book.fillSignIn(reader);
      await expect(book.problem).not.toHaveText('');
      await book.expectSignedOut('chapter.html');
      expect(requests.filter(({ path }) => path === '/oauth2/token')).toEqual([]);
    });
  });
}

test.describe('the book of the guide', () => {
  test('opens an account on the way', async ({ page, sites, reader }) => {
    const book = new Book(page, sites);
    await book.open('legs.html');
    await book.press('Create account');
    await book.fillSignUp(reader);
    await book.expectSignedIn(reader, 'legs.html');
  });

  test('says so when the reader was signed out in the meantime', async ({ page, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.signIn(reader);
    await page.context().clearCookies();
    await page.reload();
    await book.ask('How far?');
    await book.expectForgotten('chapter.html');
    await expect(page.getByLabel('Ask the book')).toHaveValue('How far?');
    await expect(book.problem).toHaveText('Sign in to ask the book.');
    expect(await book.call('token')).toBeNull();
  });

  test('tells the reader when the accounts cannot be reached', async ({ page, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.signIn(reader);
    await page.route(`${sites.accounts}/oauth2/token`, (route) => route.fulfill({ status: 503, body: 'busy' }));
    await page.reload();
    await expect(book.problem).toContainText('Signing in failed');
    await page.unroute(`${sites.accounts}/oauth2/token`);
    await page.reload();
    await book.expectSignedIn(reader);
  });

  test('signs four tabs in at once @cookies', async ({ page, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.signIn(reader);
    const tabs = await Promise.all(['1', '2', '3', '4'].map((chapter) => book.tab(`${chapter}.html`)));
    await Promise.all(tabs.map((tab) => tab.expectSignedIn(reader)));
    await Promise.all(tabs.map(({ page }) => page.reload()));
    await Promise.all(tabs.map((tab) => tab.expectSignedIn(reader)));
  });

  test('signs a second tab in without a form while the reader is signed in at Bookplate', async ({ page, sites, reader }) => {
    await createAccount(sites, reader);
    const [book, other] = BOOKS.map((name) => new Book(page, sites, name));
    await book.signIn(reader);
    await page.evaluate(() => localStorage.clear());
    await other.open();
    await other.expectSignedOut();
    await other.press('Sign in');
    await other.expectSignedIn(reader, 'chapter.html');
  });

  test('survives the back button', async ({ page, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.open('legs.html');
    await book.signIn(reader, 'sensors.html');
    for (let presses = 0; presses < 2; presses += 1) {
      await page.goBack();
      await expect(page).toHaveURL((url) => url.origin === sites.book && !url.pathname.endsWith('callback.html'));
      await book.expectSignedIn(reader);
    }
  });

  test('signs in from a bookmarked sign-in page, in another tab', async ({ page, context, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.open();
    await book.press('Sign in');
    await book.expectSignInForm();
    const bookmark = page.url();
    const later = new Book(await context.newPage(), sites);
    await page.close();
    await later.page.goto(bookmark);
    await later.fillSignIn(reader);
    await later.expectSignedIn(reader, '');
  });

  test('renews by itself before the token expires', async ({ page, sites, reader }) => {
    await page.clock.install();
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.signIn(reader);
    const first = await book.call('token');
    expect(await book.call('token')).toBe(first);
    await page.clock.fastForward('14:50');
    const second = await book.call('token');
    expect(second).not.toBe(first);
    expect(second).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('cannot renew after signing out at Bookplate', async ({ page, context, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.signIn(reader);
    const accounts = await context.newPage();
    await accounts.goto(`${sites.accounts}/sign-out`);
    await accounts.getByRole('button', { name: 'Sign out', exact: true }).click();
    await expect(accounts).toHaveURL(`${sites.accounts}/`);
    const renewal = page.waitForResponse(`${sites.accounts}/oauth2/token`);
    await page.reload();
    expect((await renewal).status()).toBe(400);
    await book.expectSignedOut();
    await book.ask('Anybody?');
    await book.expectForgotten('chapter.html');
    expect(await book.call('token')).toBeNull();
  });

  test('shows another reader who has signed in in another tab', async ({ page, sites, reader }) => {
    const other = { ...reader, name: 'Grace Reader', email: reader.email.replace('ada', 'grace') };
    await createAccount(sites, reader);
    await createAccount(sites, other);
    const book = new Book(page, sites);
    await book.signIn(reader);
    const second = await book.tab();
    await second.press('Sign out');
    await second.expectSignedOut();
    await second.signIn(other);
    await book.expectSignedIn(other);
  });

  test('reads userinfo from a page, with a token for Bookplate itself', async ({ page, sites, reader }) => {
    const user = await createAccount(sites, reader);
    const book = new Book(page, sites);
    await page.route(
      (url) => url.pathname === '/oauth2/authorize',
      (route) => {
        const url = new URL(route.request().url());
        url.searchParams.delete('resource');
        return route.continue({ url: url.href });
      },
    );
    await book.signIn(reader);
    await page.unrouteAll(); // while it routes, Playwright answers preflights itself
    const headers = { authorization: `Bearer ${await book.call('token')}` };
    const about = await page.evaluate(
      async ([address, headers]) => (await fetch(address, { headers })).json(),
      [`${sites.accounts}/oauth2/userinfo`, headers],
    );
    expect(about).toMatchObject({ sub: user.id, email: reader.email });
  });

  test('has accessible pages @thorough', async ({ page, sites, reader }) => {
    await createAccount(sites, reader);
    const book = new Book(page, sites);
    await book.signIn(reader);
    expect(await violations(page, {})).toEqual([]);
    await book.press('Sign out');
    await book.expectSignedOut();
    await book.ask('Anybody?');
    await expect(book.problem).toHaveText('Sign in to ask the book.');
    expect(await violations(page, {})).toEqual([]);
    await book.open('callback.html?state=retry.unknown');
    await expect(page.getByRole('status')).toContainText('This browser forgets');
    expect(await violations(page, {})).toEqual([]);
  });

  test('keeps no token where scripts or the history could find it', async ({ page, context, sites, reader }) => {
    await createAccount(sites, reader);
    const addresses = [];
    page.on('framenavigated', (frame) => addresses.push(frame.url()));
    const book = new Book(page, sites);
    await book.signIn(reader);
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    expect(stored).not.toMatch(/eyJ/);
    expect(addresses.join()).not.toMatch(/eyJ|access_token/);
    const theirs = (await context.cookies()).filter(({ domain }) => domain.includes('auth.example'));
    for (const { name, httpOnly, secure } of theirs) expect({ name, httpOnly, secure }).toEqual({ name, httpOnly: true, secure: true });
    const [renewal, ...more] = theirs.filter(({ partitionKey }) => partitionKey);
    expect(more).toEqual([]);
    expect(renewal).toMatchObject({ sameSite: 'None', path: '/', domain: 'auth.example' });
    expect(renewal.name).toMatch(/^__Host-/);
  });
});

/** The requests of a page from now on: `{ path, query, body }`. */
function requestsOf(page) {
  const requests = [];
  page.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    requests.push({ path: pathname, query: search, body: request.postData() });
  });
  return requests;
}

/** Removes the cookie that renews the tokens, as a browser does that keeps none of another site. */
async function forgetRenewal(context) {
  const renewal = (await context.cookies()).filter(({ partitionKey }) => partitionKey);
  expect(renewal).toHaveLength(1);
  await context.clearCookies({ name: renewal[0].name });
}
