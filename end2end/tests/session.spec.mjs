// The session cookie: attributes, lifetime, sign-out.
import { DAY, WEEK } from '../harness/readers.mjs';
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, control, signUpByApi, expectHome, fill, startSignedIn, submit, signIn, signOut } from './site.mjs';

const COOKIE = 'better-auth.session_token';
const sessionCookie = async (page) => (await page.context().cookies()).find(({ name }) => name === COOKIE);

test('the session cookie is HttpOnly and SameSite=Lax, and lasts a week', async ({
  page,
  server,
  reader,
}) => {
  await signUpByApi(server, reader);
  await signIn(page, reader);
  await expectHome(page, reader);
  const { domain, path, httpOnly, sameSite, secure, expires } = await sessionCookie(page);
  expect({ domain, path, httpOnly, sameSite, secure }).toEqual({
    domain: 'localhost',
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: false,
  });
  expect(Math.abs(expires - Date.now() / 1000 - WEEK)).toBeLessThan(120);
  expect(await page.evaluate(() => document.cookie)).not.toContain('session_token');
});

for (const [path, name] of [
  [PATHS.signIn, LABELS.signIn],
  [PATHS.signUp, LABELS.createAccount],
]) {
  test(`"keep me signed in" is ticked on ${path}; unticked, the cookie ends with the browser`, async ({
    page,
    server,
    reader,
  }) => {
    const { email, password } = reader;
    if (path === PATHS.signIn) await signUpByApi(server, reader);
    await page.goto(path);
    await expect(control(page, 'rememberMe')).toBeChecked();
    await fill(page, { ...(path === PATHS.signIn ? { email, password } : reader), rememberMe: false });
    await submit(page, name);
    await expectHome(page, reader);
    expect((await sessionCookie(page)).expires).toBe(-1);
    const { session } = await (await page.request.get('/api/auth/get-session')).json();
    expect(Math.abs(Date.parse(session.expiresAt) - Date.parse(session.createdAt) - DAY * 1000)).toBeLessThan(5000);
  });
}

test('after signing out the back button shows no private page', async ({
  page,
  server,
  reader,
}) => {
  await startSignedIn(page, server, reader);
  await page.goto(PATHS.account);
  await expect(control(page, 'name')).toHaveValue(reader.name);
  const { value } = await sessionCookie(page);
  await signOut(page);
  expect(await sessionCookie(page)).toBeUndefined();
  for (let step = 0; step < 2; step += 1) {
    await page.goBack();
    await expect(page.locator('main')).toBeVisible();
    await expect(page.getByText(reader.email)).toHaveCount(0);
    await expect(control(page, 'experienceLevel')).toHaveCount(0);
  }
  const stale = await page.request.get('/api/auth/get-session', { headers: { cookie: `${COOKIE}=${value}` } });
  expect(await stale.json()).toBeNull();
});

test('the sign-out page asks for confirmation', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  await page.goto('/sign-out');
  await page.goto('/');
  await expectHome(page, reader);
  await page.goto('/sign-out');
  await page.locator('main').getByRole('button', { name: LABELS.signOut, exact: true }).click();
  await page.goto('/');
  await expect(button(page, LABELS.signOut)).toHaveCount(0);
});

test('a session ended on another device leads to sign-in and back', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  await page.goto(PATHS.account);
  const headers = { origin: server.origin, 'content-type': 'application/json' };
  expect((await page.request.post('/api/auth/sign-out', { headers, data: {} })).status()).toBe(200);
  await fill(page, { name: 'Ada Lovelace' });
  await submit(page, LABELS.save);
  await expect(control(page, 'password')).toBeVisible();
  await fill(page, { email: reader.email, password: reader.password });
  await submit(page, LABELS.signIn);
  await page.goto(PATHS.account);
  await expect(control(page, 'name')).toHaveValue(reader.name);
});

test('a forged cookie is ignored on every page', async ({ page, server }) => {
  await page
    .context()
    .addCookies([{ name: COOKIE, value: `${'0'.repeat(32)}.${'A'.repeat(43)}%3D`, url: server.origin }]);
  await page.goto('/');
  await expect(button(page, LABELS.signOut)).toHaveCount(0);
  await page.goto(PATHS.account);
  await expect(page).toHaveURL((url) => url.pathname === PATHS.signIn);
});
