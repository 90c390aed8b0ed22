// Where a reader stands afterwards: where they were going, but only on our own site.
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, enrol, expectHome, fill, join, send, sendInVain, signIn, signUp } from './site.mjs';

/** Query strings as a hostile link would carry them. */
const HOSTILE = [
  'next=//evil.example',
  'next=%2F%2Fevil.example',
  'next=/%5Cevil.example',
  'next=https://evil.example',
  'next=/%09/evil.example',
  'next=/%0A/evil.example',
  'next=javascript:alert(1)',
  'next=%20https://evil.example',
  'next=/.//evil.example',
  'next=',
];
const at =
  (path, search = '') =>
  (url) =>
    url.pathname === path && url.search === search;

test('a page that needs a reader leads through sign-in and back', async ({ page, server, reader }) => {
  await enrol(server, reader);
  await page.goto(PLACES.account);
  await expect(page).toHaveURL(
    (url) => url.pathname === PLACES.signIn && url.searchParams.get('next') === PLACES.account,
  );
  await fill(page, { email: reader.email, password: reader.password });
  await send(page, WORDS.signIn);
  await expect(page).toHaveURL(at(PLACES.account));
});

test('next is kept over a failure, and from sign-in to sign-up', async ({ page, reader }) => {
  await page.goto(`${PLACES.signIn}?next=${encodeURIComponent('/account?from=chapter%201#top')}`);
  await fill(page, { email: reader.email, password: reader.password });
  await sendInVain(page, WORDS.signIn);
  await page.locator('main').getByRole('link', { name: WORDS.createLink }).click();
  await expect(page).toHaveURL((url) => url.pathname === PLACES.signUp);
  await fill(page, reader);
  await send(page, WORDS.createAccount);
  await expect(page).toHaveURL((url) => url.pathname + url.search + url.hash === '/account?from=chapter%201#top');
});

test('sign-up honours next', async ({ page, reader }) => {
  await signUp(page, reader, `${PLACES.signUp}?next=/account`);
  await expect(page).toHaveURL(at(PLACES.account));
});

test('a hostile next leads a reader who signs in to the front page', async ({ page, context, server, reader }) => {
  await enrol(server, reader);
  for (const query of HOSTILE) {
    await test.step(query, async () => {
      await context.clearCookies();
      await signIn(page, reader, `${PLACES.signIn}?${query}`);
      await expectHome(page, reader);
    });
  }
});

test('a hostile next leads a reader who signs up to the front page', async ({ page, reader }) => {
  await signUp(page, reader, `${PLACES.signUp}?next=//evil.example`);
  await expectHome(page, reader);
});

test('a reader who is signed in has no business on sign-in and sign-up', async ({ page, server, reader }) => {
  await join(page, server, reader);
  for (const path of [PLACES.signIn, PLACES.signUp]) {
    await page.goto(path);
    await expectHome(page, reader);
    await page.goto(`${path}?next=/account`);
    await expect(page).toHaveURL(at(PLACES.account));
  }
  for (const query of HOSTILE) {
    await page.goto(`${PLACES.signIn}?${query}`);
    await expectHome(page, reader);
  }
});

for (const [alias, path] of [
  ['/auth/login', PLACES.signIn],
  ['/login', PLACES.signIn],
  ['/auth/signup', PLACES.signUp],
  ['/signup', PLACES.signUp],
]) {
  test(`${alias} leads to ${path} and keeps next`, async ({ page }) => {
    await page.goto(alias);
    await expect(page).toHaveURL(at(path));
    await page.goto(`${alias}?next=${encodeURIComponent('/account?a=1')}`);
    await expect(page).toHaveURL((url) => url.pathname === path && url.searchParams.get('next') === '/account?a=1');
    await expect(page.locator('main input[type=hidden][name=next]')).toHaveValue('/account?a=1');
  });
}
