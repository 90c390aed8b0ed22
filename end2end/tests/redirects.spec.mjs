// `next`: after signing in readers reach the page they wanted, on our own origin only.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, signUpByApi, expectHome, fill, startSignedIn, submit, submitInvalid, signIn, signUp } from './site.mjs';

/** Query strings of malicious links. */
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

test('a page that requires sign-in leads to sign-in and back', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  await page.goto(PATHS.account);
  await expect(page).toHaveURL(
    (url) => url.pathname === PATHS.signIn && url.searchParams.get('next') === PATHS.account,
  );
  await fill(page, { email: reader.email, password: reader.password });
  await submit(page, LABELS.signIn);
  await expect(page).toHaveURL(at(PATHS.account));
});

test('next survives a failed form and the link from sign-in to sign-up', async ({ page, reader }) => {
  await page.goto(`${PATHS.signIn}?next=${encodeURIComponent('/account?from=chapter%201#top')}`);
  await fill(page, { email: reader.email, password: reader.password });
  await submitInvalid(page, LABELS.signIn);
  await page.locator('main').getByRole('link', { name: LABELS.createLink }).click();
  await expect(page).toHaveURL((url) => url.pathname === PATHS.signUp);
  await fill(page, reader);
  await submit(page, LABELS.createAccount);
  await expect(page).toHaveURL((url) => url.pathname + url.search + url.hash === '/account?from=chapter%201#top');
});

test('sign-up honours next', async ({ page, reader }) => {
  await signUp(page, reader, `${PATHS.signUp}?next=/account`);
  await expect(page).toHaveURL(at(PATHS.account));
});

test('a malicious next is ignored at sign-in', async ({ page, context, server, reader }) => {
  await signUpByApi(server, reader);
  for (const query of HOSTILE) {
    await test.step(query, async () => {
      await context.clearCookies();
      await signIn(page, reader, `${PATHS.signIn}?${query}`);
      await expectHome(page, reader);
    });
  }
});

test('a malicious next is ignored at sign-up', async ({ page, reader }) => {
  await signUp(page, reader, `${PATHS.signUp}?next=//evil.example`);
  await expectHome(page, reader);
});

test('sign-in and sign-up redirect signed-in readers', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  for (const path of [PATHS.signIn, PATHS.signUp]) {
    await page.goto(path);
    await expectHome(page, reader);
    await page.goto(`${path}?next=/account`);
    await expect(page).toHaveURL(at(PATHS.account));
  }
  for (const query of HOSTILE) {
    await page.goto(`${PATHS.signIn}?${query}`);
    await expectHome(page, reader);
  }
});

for (const [alias, path] of [
  ['/auth/login', PATHS.signIn],
  ['/login', PATHS.signIn],
  ['/auth/signup', PATHS.signUp],
  ['/signup', PATHS.signUp],
]) {
  test(`${alias} leads to ${path} and keeps next`, async ({ page }) => {
    await page.goto(alias);
    await expect(page).toHaveURL(at(path));
    await page.goto(`${alias}?next=${encodeURIComponent('/account?a=1')}`);
    await expect(page).toHaveURL((url) => url.pathname === path && url.searchParams.get('next') === '/account?a=1');
    await expect(page.locator('main input[type=hidden][name=next]')).toHaveValue('/account?a=1');
  });
}
