// How a reader uses the pages. What the tests assume about markup and words stands here and nowhere else.
import { expect } from '@playwright/test';
import { Visitor } from '../harness/visitor.mjs';

export const WORDS = {
  signIn: 'Sign in',
  createAccount: 'Create account',
  signOut: 'Sign out',
  save: 'Save changes',
  createLink: /create (an )?account/i,
  showPassword: /^(show|hide)( the)?( password)?$/i,
  saved: /saved/i,
  sendLink: 'Send the link',
  setPassword: 'Set the password',
  changePassword: 'Change the password',
  changeAddress: 'Change the address',
  confirm: 'Confirm my address',
  confirmMove: 'Confirm the change',
  confirmNew: 'Confirm the new address',
  endOthers: 'Sign out everywhere else',
  download: 'Download everything',
  deleteForGood: 'Delete my account for good',
  deleteByMail: 'Mail me the link',
  undo: 'Undo',
  rename: 'Rename',
  archive: 'Archive',
  remove: 'Delete',
  helpful: 'Helpful',
  more: 'Show more',
  earlier: 'Earlier messages',
};

export const PLACES = {
  signIn: '/sign-in',
  signUp: '/sign-up',
  account: '/account',
  forgotPassword: '/forgot-password',
  resetPassword: '/reset-password',
  verifyEmail: '/verify-email',
  security: '/account/security',
  sessions: '/account/sessions',
  data: '/account/data',
  conversations: '/conversations',
  outbox: '/dev/outbox',
  apiDocs: '/api/docs',
};

/** A form control by its wire name. */
export const control = (page, name) => page.locator(`main [name="${name}"]:not([type=hidden])`);
export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const errorOf = (page, name) => page.locator(`[id$="${name}-error"]`);
export const notice = (page) => page.getByRole('status').filter({ hasText: WORDS.saved });
/** What the last page left to be told. */
export const told = (page) => page.locator('main .notice');
export const strengthHint = (page) => page.locator('main .strength').getByRole('status');
export const passwordSwitch = (page) => page.locator('main').getByRole('button', { name: WORDS.showPassword });

/** The rows of the list of conversations, and of what a search finds. */
export const rows = (page) => page.locator('main .list-entry');
/** The messages that a conversation's page shows. */
export const turns = (page) => page.locator('main article');
/** Unfolds what can be done with the conversation of a row, or of a page. */
export async function unfold(place) {
  await place.locator('summary', { hasText: 'More' }).first().click();
}

/** Fills controls by wire name, whatever their kind. */
export async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = control(page, name);
    const kind = await field.evaluate((element) => element.type);
    if (kind === 'checkbox') await field.setChecked(value);
    else if ((await field.inputValue()) === value) continue;
    else if (kind === 'select-one') await field.selectOption(value);
    else await field.fill(value);
  }
}

/** Presses the form's button. The browser's own validation is put aside, so that the server answers. */
export async function send(page, name) {
  const pressed = button(page, name);
  await pressed.evaluate((element) => (element.form ? (element.form.noValidate = true) : undefined));
  await pressed.click();
}

export async function signUp(page, reader, path = PLACES.signUp) {
  await page.goto(path);
  await fill(page, reader);
  await send(page, WORDS.createAccount);
}

export async function signIn(page, { email, password }, path = PLACES.signIn) {
  await page.goto(path);
  await fill(page, { email, password });
  await send(page, WORDS.signIn);
}

/** Signs out with the page's own button, or through the reader's menu and the page it leads to. */
export async function signOut(page) {
  if ((await button(page, WORDS.signOut).count()) === 0) {
    await page.locator('header summary').click();
    await page.getByRole('link', { name: WORDS.signOut, exact: true }).click();
  }
  await button(page, WORDS.signOut).click();
  await expect(button(page, WORDS.signOut)).toHaveCount(0);
  await expect(page).toHaveURL((url) => url.pathname === '/');
}

/** Sends a form that must fail: status 4xx, the title says so, and the address carries no word of it. */
export async function sendInVain(page, name) {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await send(page, name);
  const status = (await answered).status();
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  await expect(page).toHaveTitle(/^Error:/);
  const { search, hash } = new URL(page.url());
  expect(decodeURIComponent(search + hash)).not.toMatch(/err|invalid|wrong|password|please|@/i);
  return status;
}

/** The reader stands on the front page, signed in: their address and the way out, once each. */
export async function expectHome(page, { email }) {
  await expect(page).toHaveURL((url) => url.pathname === '/' && url.search === '');
  await expect(page.getByText(email)).toHaveCount(1);
  await expect(page.getByText(email)).toBeVisible();
  await expect(button(page, WORDS.signOut)).toHaveCount(1);
}

/** An account made over the wire, signed in to in this page's browser. */
export async function join(page, server, reader) {
  const visitor = new Visitor(server);
  const { error, data } = await visitor.client().signUp.email(reader);
  expect(error).toBeNull();
  const { name, raw } = visitor.sessionCookie;
  await page.context().addCookies([{ name, value: raw, url: server.origin, httpOnly: true, sameSite: 'Lax' }]);
  return data.user;
}

/** An account made over the wire; this page's browser knows nothing of it. */
export async function enrol(server, reader) {
  const { error, data } = await new Visitor(server).client().signUp.email(reader);
  expect(error).toBeNull();
  return data.user;
}

/** The letter of this type to this reader that `ask` causes. */
export async function letterOf(server, type, { email }, ask = () => {}) {
  const count = server.outbox.letters({ type, to: email }).length + 1;
  await ask();
  return server.outbox.letter({ type, to: email }, { count });
}

/** A link with which this reader, who has an account, sets a password; as it stands in the letter. */
export async function resetLink(server, reader) {
  const json = { email: reader.email, redirectTo: PLACES.resetPassword };
  const ask = () => new Visitor(server).api('POST', '/request-password-reset', { json });
  return (await letterOf(server, 'reset-password', reader, ask)).url;
}
