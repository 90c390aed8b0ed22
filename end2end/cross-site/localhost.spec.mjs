// The guide's book on its author's machine: everything on http://localhost, on ports of its own.
import { Book, createAccount } from './book.mjs';
import { expect, test as base } from './fixtures.mjs';

const test = base.extend({ local: [true, { scope: 'worker' }] });

test('on localhost, over http: signs in, stays signed in over a reload, asks, signs out', async ({ page, sites, reader }) => {
  await createAccount(sites, reader);
  const book = new Book(page, sites);
  await book.signIn(reader);
  await page.reload();
  await book.expectSignedIn(reader);
  await book.ask('How far?');
  await expect(book.answer).toHaveText('You asked: How far?');
  await book.press('Sign out');
  await book.expectSignedOut('chapter.html');
});
