// Somebody else's book, with a client that is not first-party: readers are asked, and it acts by tokens alone.
import { LABELS, button } from '../tests/site.mjs';
import { Book, createAccount } from './book.mjs';
import { expect, test } from './fixtures.mjs';

/** Presses "Sign in" on the other book, signs in, and waits for the question. */
async function signInUntilAsked(book, reader) {
  await book.open();
  await book.press('Sign in');
  await book.fillSignIn(reader);
  await expect(book.page.getByRole('heading', { level: 1 })).toHaveText('Go on to Reading Circle?');
}

test('a reader who allows it is signed in, stays so, and is not asked again', async ({ page, sites, reader }) => {
  await createAccount(sites, reader);
  const book = new Book(page, sites, 'plain', sites.guest);
  await signInUntilAsked(book, reader);
  await button(page, LABELS.allow).click();
  await book.expectSignedIn(reader, 'chapter.html');
  await page.reload();
  await book.expectSignedIn(reader);
  await book.ask('How far?');
  await expect(book.answer).toHaveText('You asked: How far?');
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await book.press('Sign in');
  await book.expectSignedIn(reader, 'chapter.html');
});

test('a reader who does not allow it is back on the page, which says so', async ({ page, sites, reader }) => {
  await createAccount(sites, reader);
  const book = new Book(page, sites, 'plain', sites.guest);
  await signInUntilAsked(book, reader);
  await button(page, LABELS.deny).click();
  await expect(page).toHaveURL(book.address('chapter.html'));
  await expect(book.problem).toHaveText('You did not sign in.');
  await book.expectSignedOut();
  await book.press('Sign in');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Go on to Reading Circle?');
});

test('security_17_its pages read nothing with the cookie of the reader', async ({ page, sites, reader, expected }) => {
  await createAccount(sites, reader);
  const book = new Book(page, sites, 'plain', sites.guest);
  await signInUntilAsked(book, reader);
  await button(page, LABELS.allow).click();
  await book.expectSignedIn(reader);
  expected.push(/CORS policy|net::ERR_FAILED|status of 40[135]/);
  const paths = ['/api/auth/get-session', '/api/auth/token', '/api/conversations', '/api/me', '/oauth2/introspect'];
  for (const path of paths) {
    const read = await page.evaluate(
      (address) => fetch(address, { credentials: 'include' }).then((response) => response.status, () => 'refused'),
      sites.accounts + path,
    );
    expect(read, path).toBe('refused');
  }
});
