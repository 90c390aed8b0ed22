// What a reader does to keep the account, to take it along, and to leave.
import { readFileSync } from 'node:fs';
import { callPython } from '../harness/python.mjs';
import { isSignedIn, newReader, signedIn } from '../harness/readers.mjs';
import { expect, test } from './fixtures.mjs';
import {
  PLACES,
  WORDS,
  button,
  control,
  enrol,
  expectHome,
  fill,
  join,
  send,
  sendInVain,
  signIn,
  told,
} from './site.mjs';

const at = (path) => (url) => url.pathname === path;
const signInFor = (path) => (url) => url.pathname === PLACES.signIn && url.searchParams.get('next') === path;

test('the password is changed, and whoever is signed in elsewhere is out', async ({ page, server, reader }) => {
  await join(page, server, reader);
  const elsewhere = await signedIn(server, reader);
  await page.goto('/.well-known/change-password');
  await expect(page).toHaveURL(at(PLACES.security));
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { currentPassword: 'Not-the-password-1', newPassword: password });
  await sendInVain(page, WORDS.changePassword);
  await expect(control(page, 'currentPassword')).toBeFocused();
  for (const name of ['currentPassword', 'newPassword']) await expect(control(page, name)).toHaveValue('');
  await expect(control(page, 'newEmail')).not.toHaveAttribute('aria-invalid', 'true');
  await fill(page, { currentPassword: reader.password, newPassword: password });
  await expect(control(page, 'revokeOtherSessions')).toBeChecked();
  await send(page, WORDS.changePassword);
  await expect(told(page)).toContainText('You are signed out everywhere but here');
  await expect(page.getByRole('listitem').filter({ hasText: 'Wrong password when changing it' })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: /^Password changed/ })).toBeVisible();
  expect(await isSignedIn(elsewhere)).toBe(false);
  await server.outbox.letter({ type: 'password-changed', to: reader.email });
  await page.reload();
  await expect(told(page)).toHaveCount(0);
  await page.context().clearCookies();
  await signIn(page, { ...reader, password });
  await expectHome(page, reader);
});

test('the password is changed and others stay, where the reader says so', async ({ page, server, reader }) => {
  await join(page, server, reader);
  const elsewhere = await signedIn(server, reader);
  await page.goto(PLACES.security);
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { currentPassword: reader.password, newPassword: password, revokeOtherSessions: false });
  await send(page, WORDS.changePassword);
  await expect(told(page)).toHaveText(/Your password is changed\.$/);
  expect(await isSignedIn(elsewhere)).toBe(true);
});

test('sessions are listed and ended, one, the others, this one', async ({ page, server, reader }) => {
  await enrol(server, reader);
  await signIn(page, reader);
  await expectHome(page, reader);
  const one = await signedIn(server, reader);
  const others = [await signedIn(server, reader), await signedIn(server, reader)];
  await page.goto(PLACES.sessions);
  const devices = page.locator('main .list').getByRole('listitem');
  await expect(devices).toHaveCount(5); // with the one of `enrol`
  await expect(devices.first()).toContainText('This device');
  await expect(devices.first()).toContainText('127.0.0.1');
  await expect(page.getByText('This device')).toHaveCount(1);

  const { sid } = await sessionOf(one);
  await page.locator(`main form:has(input[value="${sid}"]) button`).click();
  await expect(told(page)).toContainText('That device is signed out');
  await expect(devices).toHaveCount(4);
  expect(await isSignedIn(one)).toBe(false);
  for (const other of others) expect(await isSignedIn(other)).toBe(true);

  await button(page, WORDS.endOthers).click();
  await expect(told(page)).toContainText('You are signed out everywhere but here');
  await expect(devices).toHaveCount(1);
  await expect(button(page, WORDS.endOthers)).toHaveCount(0);
  for (const other of others) expect(await isSignedIn(other)).toBe(false);

  await devices.first().getByRole('button').click();
  await expect(page).toHaveURL(at('/'));
  await page.goto(PLACES.sessions);
  await expect(page).toHaveURL(signInFor(PLACES.sessions));
});

test('everything is taken along as a file', async ({ page, server, reader }) => {
  await join(page, server, { ...reader, organization: 'Shelf & Sons' });
  await page.goto(PLACES.data);
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, WORDS.download).click()]);
  expect(download.suggestedFilename()).toMatch(/^[a-z0-9-]+-account-\d{4}-\d\d-\d\d\.zip$/);
  const files = await callPython('unzip.py', { base64: readFileSync(await download.path()).toString('base64') });
  const account = JSON.parse(files['account.json']);
  expect(account.profile.email).toBe(reader.email);
  await expect(page).toHaveURL(at(PLACES.data));
  await page.goto(PLACES.security);
  await expect(page.getByRole('listitem').filter({ hasText: 'Copy of everything taken' })).toBeVisible();
});

test('the account is deleted with the password, and said to be', async ({ page, server, reader }) => {
  await join(page, server, reader);
  const elsewhere = await signedIn(server, reader);
  await page.goto(PLACES.data);
  await fill(page, { password: 'Not-the-password-1' });
  await sendInVain(page, WORDS.deleteForGood);
  await expect(control(page, 'password')).toBeFocused();
  await fill(page, { password: reader.password });
  await send(page, WORDS.deleteForGood);
  await expect(page).toHaveURL(at('/'));
  await expect(told(page)).toContainText('Your account and everything about it is gone');
  expect(await isSignedIn(elsewhere)).toBe(false);
  await server.outbox.letter({ type: 'account-deleted', to: reader.email });
  await page.goto(PLACES.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await sendInVain(page, WORDS.signIn);
});

test('the pages of an account lead from one to the next, and each is there for its reader alone', async ({
  page,
  server,
  reader,
}) => {
  const places = {
    Profile: PLACES.account,
    Security: PLACES.security,
    Sessions: PLACES.sessions,
    'Your data': PLACES.data,
  };
  for (const path of Object.values(places)) {
    await page.goto(path);
    await expect(page).toHaveURL(signInFor(path));
  }
  await join(page, server, reader);
  await page.goto(PLACES.account);
  const titles = new Set();
  for (const [name, path] of Object.entries(places)) {
    await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
    await expect(page).toHaveURL(at(path));
    await expect(page.getByRole('navigation').getByRole('link', { name, exact: true })).toHaveAttribute(
      'aria-current',
      'page',
    );
    titles.add(await page.title());
  }
  expect(titles.size).toBe(4);
});

test('whoever finds a hole learns whom to tell', async ({ page, server }) => {
  const answer = await page.request.get('/.well-known/security.txt');
  expect(answer.status()).toBe(200);
  expect(answer.headers()['content-type']).toMatch(/^text\/plain/);
  const lines = Object.fromEntries((await answer.text()).trim().split('\n').map((line) => line.split(/: (.*)/s)));
  expect(lines.Contact).toMatch(/^(https?:|mailto:)/);
  expect(Date.parse(lines.Expires)).toBeGreaterThan(Date.now());
  expect(lines.Canonical).toBe(`${server.origin}/.well-known/security.txt`);
});

/** How the list names this session. */
async function sessionOf({ client }) {
  const { data } = await client.getSession();
  return { sid: data.session.id };
}
