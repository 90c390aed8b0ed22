// The book as its reader uses it. All assumptions about the guide's pages are here.
import { expect } from '@playwright/test';
import { HttpClient } from '../harness/http-client.mjs';
import { LABELS, button, control, fill, submit } from '../tests/site.mjs';

export class Book {
  /** A book of the guide (`plain` or `oauth4webapi`) in this page. */
  constructor(page, sites, name = 'plain', origin = sites.book) {
    Object.assign(this, { page, sites, origin, home: `${origin}/${name}/` });
  }

  address(path = '') {
    return this.home + path;
  }

  open(path = 'chapter.html') {
    return this.page.goto(this.address(path));
  }

  /** The same book in a new tab. */
  async tab(path = 'chapter.html') {
    const other = new Book(await this.page.context().newPage(), this.sites, undefined, this.origin);
    other.home = this.home;
    await other.open(path);
    return other;
  }

  get greeting() {
    return this.page.locator('#greeting');
  }

  get problem() {
    return this.page.getByRole('alert');
  }

  get answer() {
    return this.page.locator('#answer');
  }

  press(name) {
    return button(this.page, name).click();
  }

  /** Presses a button where it is: Playwright's click would bring it into view first. */
  pressWithoutScrolling(name) {
    return button(this.page, name).evaluate((element) => element.click());
  }

  async expectSignedIn({ name }, path) {
    if (path !== undefined) await expect(this.page).toHaveURL(this.address(path));
    await expect(this.greeting).toHaveText(`Signed in as ${name}`);
    await expect(button(this.page, 'Sign out')).toBeVisible();
    await expect(this.problem).toHaveText('');
  }

  async expectSignedOut(path) {
    if (path !== undefined) await expect(this.page).toHaveURL(this.address(path));
    await expect(button(this.page, 'Sign in')).toBeVisible();
    await expect(this.greeting).toHaveText('');
  }

  /** After Bookplate has said that nobody is signed in: the book does not ask it again. */
  async expectForgotten(path) {
    const forgotten = (origin) => location.origin === origin && localStorage.getItem('bookplate:book') === null;
    await this.page.waitForFunction(forgotten, this.origin);
    await this.expectSignedOut(path);
  }

  async ask(question) {
    await this.page.getByLabel('Ask the book').fill(question);
    await this.press('Ask');
  }

  /** What one of the modules of the page answers: `token`, `reader` of bookplate.js, or another's. */
  call(name, module = 'bookplate.js') {
    return this.page.evaluate(
      async ([address, name]) => (await import(address))[name](),
      [this.address(module), name],
    );
  }

  /** Fills Bookplate's form for signing in, which the book has led to. */
  async fillSignIn({ email, password }) {
    await expect(this.page).toHaveURL((url) => url.origin === this.sites.accounts && url.pathname === '/sign-in');
    await fill(this.page, { email, password });
    await submit(this.page, LABELS.signIn);
  }

  /** Fills Bookplate's form for a new account, which the book has led to. */
  async fillSignUp(reader) {
    await expect(this.page).toHaveURL((url) => url.origin === this.sites.accounts && url.pathname === '/sign-up');
    await fill(this.page, reader);
    await submit(this.page, LABELS.createAccount);
  }

  /** Opens a page, signs in from it, and is back on it. */
  async signIn(reader, path = 'chapter.html') {
    await this.open(path);
    await this.press('Sign in');
    await this.fillSignIn(reader);
    await this.expectSignedIn(reader, path);
  }

  /** Waits until the sign-in form of Bookplate is there. */
  async expectSignInForm() {
    await expect(control(this.page, 'password')).toBeVisible();
    expect(new URL(this.page.url()).origin).toBe(this.sites.accounts);
  }
}

/** Creates an account over the API of the accounts. */
export async function createAccount(sites, reader) {
  const client = new HttpClient({ origin: sites.accounts, keepSecret: (value) => sites.server.keepSecret(value) });
  const headers = { origin: sites.accounts, 'content-type': 'application/json' };
  const address = new URL('/api/auth/sign-up/email', client.server.origin);
  const response = await sites.fetch(address, { method: 'POST', headers, body: JSON.stringify(reader) });
  const answer = await client.read(response);
  expect(answer.status, answer.text).toBe(200);
  return answer.json.user;
}
