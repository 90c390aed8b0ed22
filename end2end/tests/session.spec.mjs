// What the browser holds: the session cookie, remembered or not, and nothing a script could read.
import { DAY, WEEK } from '../harness/readers.mjs';
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, button, control, enrol, expectHome, fill, join, send, signIn, signOut } from './site.mjs';

const COOKIE = 'better-auth.session_token';
const sessionCookie = async (page) => (await page.context().cookies()).find(({ name }) => name === COOKIE);

test('the session cookie is out of reach for scripts and other sites, and lasts a week', async ({
  page,
  server,
  reader,
}) => {
  await enrol(server, reader);
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
  [PLACES.signIn, WORDS.signIn],
  [PLACES.signUp, WORDS.createAccount],
]) {
  test(`"keep me signed in" is ticked on ${path}; unticked, the cookie ends with the browser`, async ({
    page,
    server,
    reader,
  }) => {
    const { email, password } = reader;
    if (path === PLACES.signIn) await enrol(server, reader);
    await page.goto(path);
    await expect(control(page, 'rememberMe')).toBeChecked();
    await fill(page, { ...(path === PLACES.signIn ? { email, password } : reader), rememberMe: false });
    await send(page, name);
    await expectHome(page, reader);
    expect((await sessionCookie(page)).expires).toBe(-1);
    const { session } = await (await page.request.get('/api/auth/get-session')).json();
    expect(Math.abs(Date.parse(session.expiresAt) - Date.parse(session.createdAt) - DAY * 1000)).toBeLessThan(5000);
  });
}

test('signing out forgets the reader, and the back button does not bring them back', async ({
  page,
  server,
  reader,
}) => {
  await join(page, server, reader);
  await page.goto(PLACES.account);
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

test('the sign-out page asks before it acts', async ({ page, server, reader }) => {
  await join(page, server, reader);
  await page.goto('/sign-out');
  await page.goto('/');
  await expectHome(page, reader);
  await page.goto('/sign-out');
  await page.locator('main').getByRole('button', { name: WORDS.signOut, exact: true }).click();
  await page.goto('/');
  await expect(button(page, WORDS.signOut)).toHaveCount(0);
});

test('a session that ended elsewhere leads to sign-in and back', async ({ page, server, reader }) => {
  await join(page, server, reader);
  await page.goto(PLACES.account);
  const headers = { origin: server.origin, 'content-type': 'application/json' };
  expect((await page.request.post('/api/auth/sign-out', { headers, data: {} })).status()).toBe(200);
  await fill(page, { name: 'Ada Lovelace' });
  await send(page, WORDS.save);
  await expect(control(page, 'password')).toBeVisible();
  await fill(page, { email: reader.email, password: reader.password });
  await send(page, WORDS.signIn);
  await page.goto(PLACES.account);
  await expect(control(page, 'name')).toHaveValue(reader.name);
});

test('a forged cookie is nobody, on every page', async ({ page, server }) => {
  await page
    .context()
    .addCookies([{ name: COOKIE, value: `${'0'.repeat(32)}.${'A'.repeat(43)}%3D`, url: server.origin }]);
  await page.goto('/');
  await expect(button(page, WORDS.signOut)).toHaveCount(0);
  await page.goto(PLACES.account);
  await expect(page).toHaveURL((url) => url.pathname === PLACES.signIn);
});
