// What begins with a letter: a new password, a proved address, another address. The letters come from the outbox.
import { newReader } from '../harness/readers.mjs';
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
  letterOf,
  resetLink,
  send,
  sendInVain,
  signIn,
  told,
} from './site.mjs';

const at = (path) => (url) => url.pathname === path;

/** Every address and Referer this page's browser sends from now on. */
function overheard(page) {
  const heard = [];
  page.on('request', (request) => {
    heard.push(request.allHeaders().then(({ referer = '' }) => ({ url: request.url(), referer })));
  });
  return () => Promise.all(heard);
}

test('a forgotten password is replaced by way of the mailbox', async ({ page, server, reader }) => {
  await enrol(server, reader);
  await page.goto(`${PLACES.signIn}?next=/account`);
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(page).toHaveURL(
    (url) => url.pathname === PLACES.forgotPassword && url.searchParams.get('next') === PLACES.account,
  );
  await fill(page, { email: ` ${reader.email.toUpperCase()} ` });
  const { url } = await letterOf(server, 'reset-password', reader, async () => {
    await send(page, WORDS.sendLink);
    await expect(page.getByText(/If this address has an account, a mail with a link is on its way/)).toBeVisible();
  });

  await page.goto(url);
  await expect(page).toHaveURL(at(PLACES.resetPassword));
  await fill(page, { newPassword: 'password123' });
  await sendInVain(page, WORDS.setPassword);
  await expect(control(page, 'newPassword')).toBeFocused();
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { newPassword: password });
  await send(page, WORDS.setPassword);
  await expect(page).toHaveURL(at(PLACES.signIn));
  await expect(told(page)).toContainText('Your password is set');
  await fill(page, { email: reader.email, password });
  await send(page, WORDS.signIn);
  await expectHome(page, reader);

  await page.goto(url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link does not work any more');
  await page.getByRole('link', { name: 'Ask for a new link' }).click();
  await expect(page).toHaveURL(at(PLACES.forgotPassword));
});

test('security_24_the token of a link is in no address that is shown, in no Referer and not on the page', async ({
  page,
  server,
  reader,
}) => {
  await enrol(server, reader);
  const url = await resetLink(server, reader);
  const token = new URL(url).pathname.split('/').pop();
  const heard = overheard(page);
  const answer = await page.goto(url);
  expect(answer.headers()['referrer-policy']).toBe('no-referrer');
  expect(answer.headers()['cache-control']).toContain('no-store');
  await expect(page).toHaveURL((shown) => shown.href === `${server.origin}${PLACES.resetPassword}`);
  expect(await page.content()).not.toContain(token);
  await fill(page, { newPassword: 'weak' });
  await sendInVain(page, WORDS.setPassword);
  expect(page.url()).not.toContain(token);
  await page.getByRole('banner').getByRole('link').click();
  await expect(page).toHaveURL(at('/'));
  const requests = await heard();
  expect(requests.length).toBeGreaterThan(3);
  for (const { referer } of requests) expect(referer).not.toContain(token);
  const carrying = requests.filter((request) => request.url.includes(token));
  const onTheWay = `${server.origin}${PLACES.resetPassword}?token=${token}`;
  expect(carrying.map((request) => request.url)).toEqual([url, onTheWay]);
});

test('a stranger is told the same about every address', async ({ page, server, reader }) => {
  await enrol(server, reader);
  const asked = async (email) => {
    await page.goto(PLACES.forgotPassword);
    await fill(page, { email });
    await send(page, WORDS.sendLink);
    await expect(page).toHaveURL((url) => url.search === '?sent');
    return page.locator('main').innerText();
  };
  expect(await asked(reader.email)).toBe(await asked(newReader().email));
});

test('an address is confirmed with the link of the letter, or with the next one', async ({ page, server, reader }) => {
  await page.goto(PLACES.signUp);
  await fill(page, reader);
  await send(page, WORDS.createAccount);
  await expectHome(page, reader);
  const first = await server.outbox.letter({ type: 'verify-email', to: reader.email });
  await page.goto(PLACES.account);
  await expect(page.locator('main')).toContainText('not confirmed');
  await page.getByRole('link', { name: 'Send the link again' }).click();
  const second = await letterOf(server, 'verify-email', reader, async () => {
    await send(page, WORDS.sendLink);
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

test('another address is asked at the old one, then at the new one', async ({ page, server, reader }) => {
  await join(page, server, reader);
  await page.goto((await server.outbox.letter({ type: 'verify-email', to: reader.email })).url);
  const { email } = newReader();
  await page.goto(PLACES.security);
  await fill(page, { newEmail: reader.email });
  await sendInVain(page, WORDS.changeAddress);
  await expect(control(page, 'newEmail')).toBeFocused();
  await expect(control(page, 'currentPassword')).not.toHaveAttribute('aria-invalid', 'true');
  await fill(page, { newEmail: email });
  const first = await letterOf(server, 'change-email', reader, async () => {
    await send(page, WORDS.changeAddress);
    await expect(told(page)).toContainText('A mail is on its way');
  });
  const heading = page.getByRole('heading', { level: 1 });
  await page.goto(first.url);
  await expect(heading).toHaveText('Move your account?');
  await expect(page.locator('main')).toContainText(email);
  expect(page.url()).not.toContain(first.token);
  await server.mailHasPassed();
  expect(server.outbox.letters({ to: email }), 'opening the link does nothing').toEqual([]);
  const second = await letterOf(server, 'verify-email', { email }, async () => {
    await send(page, WORDS.confirmMove);
    await expect(heading).toHaveText('One step further');
  });
  await page.goto(second.url);
  await expect(heading).toHaveText('Confirm your new address');
  await expect(page.locator('main')).toContainText(email);
  await page.goto(PLACES.account);
  await expect(page.locator('main')).toContainText(reader.email);
  await page.goto(PLACES.verifyEmail);
  await send(page, WORDS.confirmNew);
  await expect(heading).toHaveText('Your address is changed');
  await expect(page).toHaveURL(at(PLACES.verifyEmail));
  await expect(page.locator('main')).toContainText(email);
  await server.outbox.letter({ type: 'email-changed', to: reader.email });
  await page.goto(second.url);
  await expect(heading).toHaveText('This link did not work');
  await expect(page.locator('main')).toContainText(`Your account has the address ${email}`);
  await page.context().clearCookies();
  await signIn(page, { email, password: reader.password });
  await expectHome(page, { email });
});

test('a link that another reader opens says what to do', async ({ page, server, reader }) => {
  const other = newReader();
  await join(page, server, reader);
  await page.goto((await server.outbox.letter({ type: 'verify-email', to: reader.email })).url);
  await page.goto(PLACES.security);
  await fill(page, { newEmail: newReader().email });
  const { url } = await letterOf(server, 'change-email', reader, () => send(page, WORDS.changeAddress));
  await page.context().clearCookies();
  await join(page, server, other);
  await page.goto(url);
  await sendInVain(page, WORDS.confirmMove);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link did not work');
  await expect(page.locator('main')).toContainText('You are signed in with another account');
  await page.locator('main').getByRole('link', { name: WORDS.signOut }).click();
  await expect(button(page, WORDS.signOut)).toBeVisible();
});

test('the letters of a developer stand on a page', async ({ page, server, reader }) => {
  await enrol(server, reader);
  const url = await resetLink(server, reader);
  await page.goto(PLACES.outbox);
  const heading = page.getByRole('heading', { name: /^Choose a new password/ });
  const letter = page.getByRole('article').filter({ hasText: reader.email }).filter({ has: heading });
  await expect(letter.getByRole('link').first()).toHaveAttribute('href', url);
  await letter.getByRole('link').first().click();
  await expect(page).toHaveURL(at(PLACES.resetPassword));
});
