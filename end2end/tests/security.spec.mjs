// The account pages: password, sessions, data export and deletion.
import { readFileSync } from 'node:fs';
import { callPython } from '../harness/python.mjs';
import { isSignedIn, newReader, signInReader } from '../harness/readers.mjs';
import { expect, test } from './fixtures.mjs';
import {
  PATHS,
  LABELS,
  button,
  control,
  signUpByApi,
  expectHome,
  fill,
  startSignedIn,
  submit,
  submitInvalid,
  signIn,
  flashMessage,
} from './site.mjs';

const at = (path) => (url) => url.pathname === path;
const signInFor = (path) => (url) => url.pathname === PATHS.signIn && url.searchParams.get('next') === path;

test('changing the password signs out other devices', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  const elsewhere = await signInReader(server, reader);
  await page.goto('/.well-known/change-password');
  await expect(page).toHaveURL(at(PATHS.security));
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { currentPassword: 'Not-the-password-1', newPassword: password });
  await submitInvalid(page, LABELS.changePassword);
  await expect(control(page, 'currentPassword')).toBeFocused();
  for (const name of ['currentPassword', 'newPassword']) await expect(control(page, name)).toHaveValue('');
  await expect(control(page, 'newEmail')).not.toHaveAttribute('aria-invalid', 'true');
  await fill(page, { currentPassword: reader.password, newPassword: password });
  await expect(control(page, 'revokeOtherSessions')).toBeChecked();
  await submit(page, LABELS.changePassword);
  await expect(flashMessage(page)).toContainText('You are signed out everywhere but here');
  await expect(page.getByRole('listitem').filter({ hasText: 'Wrong password when changing it' })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: /^Password changed/ })).toBeVisible();
  expect(await isSignedIn(elsewhere)).toBe(false);
  await server.outbox.mail({ type: 'password-changed', to: reader.email });
  await page.reload();
  await expect(flashMessage(page)).toHaveCount(0);
  await page.context().clearCookies();
  await signIn(page, { ...reader, password });
  await expectHome(page, reader);
});

test('changing the password can keep other devices signed in', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  const elsewhere = await signInReader(server, reader);
  await page.goto(PATHS.security);
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { currentPassword: reader.password, newPassword: password, revokeOtherSessions: false });
  await submit(page, LABELS.changePassword);
  await expect(flashMessage(page)).toHaveText(/Your password is changed\.$/);
  expect(await isSignedIn(elsewhere)).toBe(true);
});

test('sessions are listed and ended: one, all others, the current one', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  await signIn(page, reader);
  await expectHome(page, reader);
  const one = await signInReader(server, reader);
  const others = [await signInReader(server, reader), await signInReader(server, reader)];
  await page.goto(PATHS.sessions);
  const devices = page.locator('main .list').getByRole('listitem');
  await expect(devices).toHaveCount(5); // with the one of `signUpByApi`
  await expect(devices.first()).toContainText('This device');
  await expect(devices.first()).toContainText('127.0.0.1');
  await expect(page.getByText('This device')).toHaveCount(1);

  const { sid } = await sessionOf(one);
  await page.locator(`main form:has(input[value="${sid}"]) button`).click();
  await expect(flashMessage(page)).toContainText('That device is signed out');
  await expect(devices).toHaveCount(4);
  expect(await isSignedIn(one)).toBe(false);
  for (const other of others) expect(await isSignedIn(other)).toBe(true);

  await button(page, LABELS.endOthers).click();
  await expect(flashMessage(page)).toContainText('You are signed out everywhere but here');
  await expect(devices).toHaveCount(1);
  await expect(button(page, LABELS.endOthers)).toHaveCount(0);
  for (const other of others) expect(await isSignedIn(other)).toBe(false);

  await devices.first().getByRole('button').click();
  await expect(page).toHaveURL(at('/'));
  await page.goto(PATHS.sessions);
  await expect(page).toHaveURL(signInFor(PATHS.sessions));
});

test('all data is downloaded as a file', async ({ page, server, reader }) => {
  await startSignedIn(page, server, { ...reader, organization: 'Shelf & Sons' });
  await page.goto(PATHS.data);
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, LABELS.download).click()]);
  expect(download.suggestedFilename()).toMatch(/^[a-z0-9-]+-account-\d{4}-\d\d-\d\d\.zip$/);
  const files = await callPython('unzip.py', { base64: readFileSync(await download.path()).toString('base64') });
  const account = JSON.parse(files['account.json']);
  expect(account.profile.email).toBe(reader.email);
  await expect(page).toHaveURL(at(PATHS.data));
  await page.goto(PATHS.security);
  await expect(page.getByRole('listitem').filter({ hasText: 'Copy of everything taken' })).toBeVisible();
});

test('the account is deleted with the password, and a confirmation is shown', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  const elsewhere = await signInReader(server, reader);
  await page.goto(PATHS.data);
  await fill(page, { password: 'Not-the-password-1' });
  await submitInvalid(page, LABELS.deleteForGood);
  await expect(control(page, 'password')).toBeFocused();
  await fill(page, { password: reader.password });
  await submit(page, LABELS.deleteForGood);
  await expect(page).toHaveURL(at('/'));
  await expect(flashMessage(page)).toContainText('Your account and everything about it is gone');
  expect(await isSignedIn(elsewhere)).toBe(false);
  await server.outbox.mail({ type: 'account-deleted', to: reader.email });
  await page.goto(PATHS.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await submitInvalid(page, LABELS.signIn);
});

test('the account pages link to each other, and require sign-in', async ({
  page,
  server,
  reader,
}) => {
  const places = {
    Profile: PATHS.account,
    Security: PATHS.security,
    Sessions: PATHS.sessions,
    'Your data': PATHS.data,
  };
  for (const path of Object.values(places)) {
    await page.goto(path);
    await expect(page).toHaveURL(signInFor(path));
  }
  await startSignedIn(page, server, reader);
  await page.goto(PATHS.account);
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

test('security.txt names a contact', async ({ page, server }) => {
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
