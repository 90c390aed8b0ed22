// With BOOKPLATE_REQUIRE_VERIFIED_EMAIL: the link leads to a button, and the button signs in. Deletion is confirmed by mail.
import { newReader } from '../harness/readers.mjs';
import { test as base, expect } from './fixtures.mjs';
import {
  PATHS,
  LABELS,
  button,
  control,
  errorOf,
  signUpByApi,
  expectHome,
  fill,
  mailAfter,
  submit,
  submitInvalid,
  flashMessage,
} from './site.mjs';

const test = base.extend({ settings: [{ BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' }, { scope: 'worker' }] });

test('the button behind the verification link signs in; deletion is confirmed by mail', async ({ page, server, reader }) => {
  await page.goto(PATHS.signUp);
  await fill(page, reader);
  const mail = await mailAfter(server, 'verify-email', reader, async () => {
    await submit(page, LABELS.createAccount);
    await expect(page).toHaveURL((url) => url.pathname + url.search === '/verify-email?signed-up');
  });
  const taken = await page.locator('main').innerText();
  await page.goto(mail.url);
  await expect(page).toHaveURL((url) => url.href === `${server.origin}${PATHS.verifyEmail}`);
  expect(await page.content()).not.toContain(mail.token);
  await page.goto('/');
  await expect(button(page, LABELS.signOut)).toHaveCount(0);
  await page.goto(PATHS.verifyEmail);
  await submit(page, LABELS.confirm);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your address is confirmed');
  await page.goto('/');
  await expectHome(page, reader);

  await page.goto(PATHS.data);
  await fill(page, { password: reader.password });
  const farewell = await mailAfter(server, 'delete-account', reader, async () => {
    await submit(page, LABELS.deleteByMail);
    await expect(flashMessage(page)).toContainText('A mail with a link is on its way');
  });
  const session = await page.context().cookies();
  await page.context().clearCookies();
  const refused = await page.goto(farewell.url);
  expect(refused.status()).toBe(404);
  await expect(page.locator('main')).toContainText('Open this link in the browser where you are signed in');
  await page.context().addCookies(session);
  await page.goto(farewell.url);
  await expect(flashMessage(page)).toContainText('Your account and everything about it is gone');
  expect(taken).toContain('Look into your mailbox');
});

/** The six digits on a line of their own. */
const codeIn = (mail) => /^ +(\d{6})$/m.exec(mail.text)[1];

test('the code signs in the browser that waits', async ({ page, server, reader }) => {
  await page.goto(PATHS.signUp);
  await fill(page, reader);
  const mail = await mailAfter(server, 'verify-email', reader, () => submit(page, LABELS.createAccount));
  await expect(page).toHaveURL((url) => url.pathname + url.search === '/verify-email?signed-up');
  const code = codeIn(mail);
  const field = control(page, 'code');
  await expect(field).toHaveAttribute('autocomplete', 'one-time-code');
  await expect(field).toHaveAttribute('inputmode', 'numeric');

  await field.fill(code === '314159' ? '271828' : '314159');
  expect(await submitInvalid(page, LABELS.confirmCode)).toBe(400);
  await expect(errorOf(page, 'code')).toContainText('This code does not work');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Look into your mailbox');
  await field.fill(` ${code.slice(0, 3)} ${code.slice(3)} `);
  await submit(page, LABELS.confirmCode);
  await expectHome(page, reader);
});

test('security_01_sign-up shows the same page for a taken address', async ({ page, server, reader }) => {
  const said = [];
  for (const type of ['verify-email', 'sign-up-attempt']) {
    await page.goto(PATHS.signUp);
    await fill(page, reader);
    await mailAfter(server, type, reader, async () => {
      await submit(page, LABELS.createAccount);
      await expect(page).toHaveURL((url) => url.pathname === PATHS.verifyEmail);
    });
    said.push(await page.locator('main').innerText());
  }
  expect(said[0]).toBe(said[1]);
});

test("security_01_signing up first with somebody else's address gives no access", async ({
  page,
  server,
  reader,
}) => {
  await signUpByApi(server, reader);
  const mail = await server.outbox.mail({ type: 'verify-email', to: reader.email });
  await page.goto(mail.url);
  await expect(page).toHaveURL((url) => url.href === `${server.origin}${PATHS.verifyEmail}`);
  await submit(page, LABELS.confirm);
  await expect(page).toHaveURL((url) => url.href === `${server.origin}${PATHS.resetPassword}`);
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { newPassword: password });
  await submit(page, LABELS.setPassword);
  await expect(flashMessage(page)).toContainText('Your password is set');
  await fill(page, { email: reader.email, password: reader.password });
  expect(await submitInvalid(page, LABELS.signIn)).toBe(401);
  await fill(page, { email: reader.email, password });
  await submit(page, LABELS.signIn);
  await expectHome(page, reader);
});

test('signing in before verification explains why and sends the link again', async ({ page, server, reader }) => {
  await page.goto(PATHS.signUp);
  await fill(page, reader);
  await mailAfter(server, 'verify-email', reader, () => submit(page, LABELS.createAccount));
  await page.goto(PATHS.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  const { url } = await mailAfter(server, 'verify-email', reader, async () => {
    expect(await submitInvalid(page, LABELS.signIn)).toBe(403);
    await expect(page.locator('main').getByRole('alert')).toContainText('Confirm your address first');
    const another = page.getByRole('link', { name: 'Ask for another link' });
    await expect(another).toHaveAttribute('href', `${PATHS.verifyEmail}?again`);
  });
  await page.goto(url);
  await submit(page, LABELS.confirm);
  await page.goto('/');
  await expectHome(page, reader);
});
