// Flows that begin with an email link: password reset, verification, change of address.
import { newReader } from '../harness/readers.mjs';
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
  mailAfter,
  passwordResetLink,
  submit,
  submitInvalid,
  signIn,
  flashMessage,
} from './site.mjs';

const at = (path) => (url) => url.pathname === path;

/** Records every URL and Referer that this page's browser requests from now on. */
function overheard(page) {
  const heard = [];
  page.on('request', (request) => {
    heard.push(request.allHeaders().then(({ referer = '' }) => ({ url: request.url(), referer })));
  });
  return () => Promise.all(heard);
}

test('a forgotten password is reset by mail', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  await page.goto(`${PATHS.signIn}?next=/account`);
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(page).toHaveURL(
    (url) => url.pathname === PATHS.forgotPassword && url.searchParams.get('next') === PATHS.account,
  );
  await fill(page, { email: ` ${reader.email.toUpperCase()} ` });
  const { url } = await mailAfter(server, 'reset-password', reader, async () => {
    await submit(page, LABELS.sendLink);
    await expect(page.getByText(/If this address has an account, a mail with a link is on its way/)).toBeVisible();
  });

  await page.goto(url);
  await expect(page).toHaveURL(at(PATHS.resetPassword));
  await fill(page, { newPassword: 'password123' });
  await submitInvalid(page, LABELS.setPassword);
  await expect(control(page, 'newPassword')).toBeFocused();
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { newPassword: password });
  await submit(page, LABELS.setPassword);
  await expect(page).toHaveURL(at(PATHS.signIn));
  await expect(flashMessage(page)).toContainText('Your password is set');
  await fill(page, { email: reader.email, password });
  await submit(page, LABELS.signIn);
  // Where the reader was going before they forgot it.
  await expect(page).toHaveURL(at(PATHS.account));

  await page.goto(url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link does not work any more');
  await page.getByRole('link', { name: 'Ask for a new link' }).click();
  await expect(page).toHaveURL(at(PATHS.forgotPassword));
});

test('security_24_the token of a link appears in no visible address, no Referer and not on the page', async ({
  page,
  server,
  reader,
}) => {
  await signUpByApi(server, reader);
  const url = await passwordResetLink(server, reader);
  const token = new URL(url).pathname.split('/').pop();
  const heard = overheard(page);
  const answer = await page.goto(url);
  expect(answer.headers()['referrer-policy']).toBe('no-referrer');
  expect(answer.headers()['cache-control']).toContain('no-store');
  await expect(page).toHaveURL((shown) => shown.href === `${server.origin}${PATHS.resetPassword}`);
  expect(await page.content()).not.toContain(token);
  await fill(page, { newPassword: 'weak' });
  await submitInvalid(page, LABELS.setPassword);
  expect(page.url()).not.toContain(token);
  await page.getByRole('banner').getByRole('link').click();
  await expect(page).toHaveURL(at('/'));
  const requests = await heard();
  expect(requests.length).toBeGreaterThan(3);
  for (const { referer } of requests) expect(referer).not.toContain(token);
  const carrying = requests.filter((request) => request.url.includes(token));
  const onTheWay = `${server.origin}${PATHS.resetPassword}?token=${token}`;
  expect(carrying.map((request) => request.url)).toEqual([url, onTheWay]);
});

test('password reset shows the same page for every address', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  const asked = async (email) => {
    await page.goto(PATHS.forgotPassword);
    await fill(page, { email });
    await submit(page, LABELS.sendLink);
    await expect(page).toHaveURL((url) => url.search === '?sent');
    return page.locator('main').innerText();
  };
  expect(await asked(reader.email)).toBe(await asked(newReader().email));
});

test('an address is verified with the first link or a later one', async ({ page, server, reader }) => {
  await page.goto(PATHS.signUp);
  await fill(page, reader);
  await submit(page, LABELS.createAccount);
  await expectHome(page, reader);
  const first = await server.outbox.mail({ type: 'verify-email', to: reader.email });
  await page.goto(PATHS.account);
  await expect(page.locator('main')).toContainText('not confirmed');
  await page.getByRole('link', { name: 'Send the link again' }).click();
  const second = await mailAfter(server, 'verify-email', reader, async () => {
    await submit(page, LABELS.sendLink);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Look into your mailbox');
  });
  await page.goto(first.url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link did not work');
  await page.goto(second.url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your address is confirmed');
  await expect(page.locator('main')).toContainText(reader.email);
  expect(page.url()).not.toContain(second.token);
  await page.getByRole('link', { name: 'To your account' }).click();
  await expect(page.locator('main')).not.toContainText('not confirmed');
});

test('a change of address is confirmed at the old one, then at the new one', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  await page.goto((await server.outbox.mail({ type: 'verify-email', to: reader.email })).url);
  const { email } = newReader();
  await page.goto(PATHS.security);
  await fill(page, { newEmail: reader.email });
  await submitInvalid(page, LABELS.changeAddress);
  await expect(control(page, 'newEmail')).toBeFocused();
  await expect(control(page, 'currentPassword')).not.toHaveAttribute('aria-invalid', 'true');
  await fill(page, { newEmail: email });
  const first = await mailAfter(server, 'change-email', reader, async () => {
    await submit(page, LABELS.changeAddress);
    await expect(flashMessage(page)).toContainText('A mail is on its way');
  });
  const heading = page.getByRole('heading', { level: 1 });
  await page.goto(first.url);
  await expect(heading).toHaveText('Move your account?');
  await expect(page.locator('main')).toContainText(email);
  expect(page.url()).not.toContain(first.token);
  await server.mailQueueIsEmpty();
  expect(server.outbox.mails({ to: email }), 'opening the link does nothing').toEqual([]);
  const second = await mailAfter(server, 'verify-email', { email }, async () => {
    await submit(page, LABELS.confirmMove);
    await expect(heading).toHaveText('One step further');
  });
  await page.goto(second.url);
  await expect(heading).toHaveText('Confirm your new address');
  await expect(page.locator('main')).toContainText(email);
  await page.goto(PATHS.account);
  await expect(page.locator('main')).toContainText(reader.email);
  await page.goto(PATHS.verifyEmail);
  await submit(page, LABELS.confirmNew);
  await expect(heading).toHaveText('Your address is changed');
  await expect(page).toHaveURL(at(PATHS.verifyEmail));
  await expect(page.locator('main')).toContainText(email);
  await server.outbox.mail({ type: 'email-changed', to: reader.email });
  await page.goto(second.url);
  await expect(heading).toHaveText('This link did not work');
  await expect(page.locator('main')).toContainText(`Your account has the address ${email}`);
  await page.context().clearCookies();
  await signIn(page, { email, password: reader.password });
  await expectHome(page, { email });
});

test('a link opened by another reader explains what to do', async ({ page, server, reader }) => {
  const other = newReader();
  await startSignedIn(page, server, reader);
  await page.goto((await server.outbox.mail({ type: 'verify-email', to: reader.email })).url);
  await page.goto(PATHS.security);
  await fill(page, { newEmail: newReader().email });
  const { url } = await mailAfter(server, 'change-email', reader, () => submit(page, LABELS.changeAddress));
  await page.context().clearCookies();
  await startSignedIn(page, server, other);
  await page.goto(url);
  await submitInvalid(page, LABELS.confirmMove);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link did not work');
  await expect(page.locator('main')).toContainText('You are signed in with another account');
  await page.locator('main').getByRole('link', { name: LABELS.signOut }).click();
  await expect(button(page, LABELS.signOut)).toBeVisible();
});

test('the development outbox shows mails', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  const url = await passwordResetLink(server, reader);
  await page.goto(server.outboxPage);
  const heading = page.getByRole('heading', { name: /^Choose a new password/ });
  const mail = page.getByRole('article').filter({ hasText: reader.email }).filter({ has: heading });
  await expect(mail.getByRole('link').first()).toHaveAttribute('href', url);
  await mail.getByRole('link').first().click();
  await expect(page).toHaveURL(at(PATHS.resetPassword));
});
