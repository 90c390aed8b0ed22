// Mails on the way through sign-in: a new address is confirmed, a forgotten password is reset, and the reader is on the book.
import { newReader } from '../harness/readers.mjs';
import { LABELS, control, fill, mailAfter, submit } from '../tests/site.mjs';
import { Book, createAccount } from './book.mjs';
import { expect, test as base } from './fixtures.mjs';

const test = base.extend({ settings: [{ BOOKPLATE_REQUIRE_VERIFIED_EMAIL: 'true' }, { scope: 'worker' }] });

/** Opens the form for a new account from a page of the book, and sends it. */
async function signUp(book, reader) {
  await book.open('legs.html');
  await book.press('Create account');
  const mail = await mailAfter(book.sites.server, 'verify-email', reader, () => book.fillSignUp(reader));
  await expect(book.page).toHaveURL((url) => url.pathname === '/verify-email');
  return mail;
}

test('a new address is confirmed with the code, and the reader is back on the page', async ({ page, sites, reader }) => {
  const book = new Book(page, sites);
  const mail = await signUp(book, reader);
  await control(page, 'code').fill(/^ +(\d{6})$/m.exec(mail.text)[1]);
  await submit(page, LABELS.confirmCode);
  await book.expectSignedIn(reader, 'legs.html');
});

test('a new address is confirmed with the link, in another tab, and the reader is on the book', async ({ page, context, sites, reader }) => {
  const mail = await signUp(new Book(page, sites), reader);
  const later = new Book(await context.newPage(), sites);
  await later.page.goto(mail.url);
  await submit(later.page, LABELS.confirm);
  await later.expectSignedIn(reader, '');
});

test('a forgotten password is reset, and the reader is back on the page', async ({ page, sites, reader }) => {
  await createAccount(sites, reader);
  const book = new Book(page, sites);
  await book.open('legs.html');
  await book.press('Sign in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await fill(page, { email: reader.email });
  const { url } = await mailAfter(sites.server, 'reset-password', reader, () => submit(page, LABELS.sendLink));
  await page.goto(url);
  const { password } = newReader();
  sites.server.keepSecret(password);
  await fill(page, { newPassword: password });
  await submit(page, LABELS.setPassword);
  await book.fillSignIn({ ...reader, password });
  await book.expectSignedIn(reader, 'legs.html');
});
