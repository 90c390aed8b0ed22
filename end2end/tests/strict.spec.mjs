// Where an address has to be proved first: the link leads to a button, and the button lets in. Deletion goes by mail.
import { newReader } from '../harness/readers.mjs';
import { test as base, expect } from './fixtures.mjs';
import { PLACES, WORDS, button, enrol, expectHome, fill, letterOf, send, sendInVain, told } from './site.mjs';

const test = base.extend({ settings: [{ BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' }, { scope: 'worker' }] });

test('a reader is let in by the button behind the link, and leaves by mail', async ({ page, server, reader }) => {
  await page.goto(PLACES.signUp);
  await fill(page, reader);
  const letter = await letterOf(server, 'verify-email', reader, async () => {
    await send(page, WORDS.createAccount);
    await expect(page).toHaveURL((url) => url.pathname + url.search === '/verify-email?signed-up');
  });
  const taken = await page.locator('main').innerText();
  await page.goto(letter.url);
  await expect(page).toHaveURL((url) => url.href === `${server.origin}${PLACES.verifyEmail}`);
  expect(await page.content()).not.toContain(letter.token);
  await page.goto('/');
  await expect(button(page, WORDS.signOut)).toHaveCount(0);
  await page.goto(PLACES.verifyEmail);
  await send(page, WORDS.confirm);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your address is confirmed');
  await page.goto('/');
  await expectHome(page, reader);

  await page.goto(PLACES.data);
  await fill(page, { password: reader.password });
  const farewell = await letterOf(server, 'delete-account', reader, async () => {
    await send(page, WORDS.deleteByMail);
    await expect(told(page)).toContainText('A mail with a link is on its way');
  });
  const session = await page.context().cookies();
  await page.context().clearCookies();
  const refused = await page.goto(farewell.url);
  expect(refused.status()).toBe(404);
  await expect(page.locator('main')).toContainText('Open this link in the browser where you are signed in');
  await page.context().addCookies(session);
  await page.goto(farewell.url);
  await expect(told(page)).toContainText('Your account and everything about it is gone');
  expect(taken).toContain('Look into your mailbox');
});

test('security_01_sign-up says the same about a taken address', async ({ page, server, reader }) => {
  const said = [];
  for (const type of ['verify-email', 'sign-up-attempt']) {
    await page.goto(PLACES.signUp);
    await fill(page, reader);
    await letterOf(server, type, reader, async () => {
      await send(page, WORDS.createAccount);
      await expect(page).toHaveURL((url) => url.pathname === PLACES.verifyEmail);
    });
    said.push(await page.locator('main').innerText());
  }
  expect(said[0]).toBe(said[1]);
});

test('security_01_whoever signed up first with an address of somebody else never comes in', async ({
  page,
  server,
  reader,
}) => {
  await enrol(server, reader);
  const letter = await server.outbox.letter({ type: 'verify-email', to: reader.email });
  await page.goto(letter.url);
  await expect(page).toHaveURL((url) => url.href === `${server.origin}${PLACES.verifyEmail}`);
  await send(page, WORDS.confirm);
  await expect(page).toHaveURL((url) => url.href === `${server.origin}${PLACES.resetPassword}`);
  const { password } = newReader();
  server.keepSecret(password);
  await fill(page, { newPassword: password });
  await send(page, WORDS.setPassword);
  await expect(told(page)).toContainText('Your password is set');
  await fill(page, { email: reader.email, password: reader.password });
  expect(await sendInVain(page, WORDS.signIn)).toBe(401);
  await fill(page, { email: reader.email, password });
  await send(page, WORDS.signIn);
  await expectHome(page, reader);
});

test('signing in too early says why and sends the link again', async ({ page, server, reader }) => {
  await page.goto(PLACES.signUp);
  await fill(page, reader);
  await letterOf(server, 'verify-email', reader, () => send(page, WORDS.createAccount));
  await page.goto(PLACES.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  const { url } = await letterOf(server, 'verify-email', reader, async () => {
    expect(await sendInVain(page, WORDS.signIn)).toBe(403);
    await expect(page.locator('main').getByRole('alert')).toContainText('Confirm your address first');
    const another = page.getByRole('link', { name: 'Ask for another link' });
    await expect(another).toHaveAttribute('href', `${PLACES.verifyEmail}?again`);
  });
  await page.goto(url);
  await send(page, WORDS.confirm);
  await page.goto('/');
  await expectHome(page, reader);
});
