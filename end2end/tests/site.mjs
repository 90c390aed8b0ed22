// Helpers for using the pages as a reader does; all assumptions about markup and labels are here.
import { expect } from '@playwright/test';
import { runCommandJson } from '../harness/command-line.mjs';
import { HttpClient } from '../harness/http-client.mjs';

export const LABELS = {
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
  confirmCode: 'Confirm the address',
  confirmMove: 'Confirm the change',
  confirmNew: 'Confirm the new address',
  endOthers: 'Sign out everywhere else',
  download: 'Download everything',
  deleteForGood: 'Delete my account for good',
  deleteByMail: 'Mail me the link',
  undo: 'Undo',
  allow: 'Allow',
  deny: 'Do not allow',
  rename: 'Rename',
  archive: 'Archive',
  remove: 'Delete',
  helpful: 'Helpful',
  more: 'Show more',
  earlier: 'Earlier messages',
  importFile: 'Import',
  acceptTerms: 'Accept and go on',
};

export const PATHS = {
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
  importConversations: '/conversations/-/import',
  terms: '/terms',
  apiDocs: '/api/docs',
};

/** A form control by its name. */
export const control = (page, name) => page.locator(`main [name="${name}"]:not([type=hidden])`);
export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const errorOf = (page, name) => page.locator(`[id$="${name}-error"]`);
export const savedNotice = (page) => page.getByRole('status').filter({ hasText: LABELS.saved });
/** The flash message. */
export const flashMessage = (page) => page.locator('main .notice');
export const strengthHint = (page) => page.locator('main .strength').getByRole('status');
export const showPasswordButton = (page) => page.locator('main').getByRole('button', { name: LABELS.showPassword });

/** The rows of the list of conversations and of search results. */
export const rows = (page) => page.locator('main .list-entry');
/** The messages on a conversation's page. */
export const messageArticles = (page) => page.locator('main article');
/** Opens the actions of a row, or of a conversation's page. */
export async function openActions(place) {
  await place.locator('summary', { hasText: 'More' }).first().click();
}

/** Fills controls of any kind, by name. */
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

/** Submits a form with the browser's own validation turned off, so that the server validates. */
export async function submit(page, name) {
  const pressed = button(page, name);
  await pressed.evaluate((element) => (element.form ? (element.form.noValidate = true) : undefined));
  await pressed.click();
}

export async function signUp(page, reader, path = PATHS.signUp) {
  await page.goto(path);
  await fill(page, reader);
  await submit(page, LABELS.createAccount);
}

export async function signIn(page, { email, password }, path = PATHS.signIn) {
  await page.goto(path);
  await fill(page, { email, password });
  await submit(page, LABELS.signIn);
}

/** Signs out with the page's button, or through the user menu. */
export async function signOut(page) {
  if ((await button(page, LABELS.signOut).count()) === 0) {
    await page.locator('header summary').click();
    await page.getByRole('link', { name: LABELS.signOut, exact: true }).click();
  }
  await button(page, LABELS.signOut).click();
  await expect(button(page, LABELS.signOut)).toHaveCount(0);
  await expect(page).toHaveURL((url) => url.pathname === '/');
}

/** Submits a form that must fail: status 4xx, "Error" in the title, and no trace of the error in the address. */
export async function submitInvalid(page, name) {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await submit(page, name);
  const status = (await answered).status();
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  await expect(page).toHaveTitle(/^Error:/);
  const { search, hash } = new URL(page.url());
  expect(decodeURIComponent(search + hash)).not.toMatch(/err|invalid|wrong|password|please|@/i);
  return status;
}

/** The front page of a signed-in reader, with address and sign-out button. */
export async function expectHome(page, { email }) {
  await expect(page).toHaveURL((url) => url.pathname === '/' && url.search === '');
  await expect(page.getByText(email)).toHaveCount(1);
  await expect(page.getByText(email)).toBeVisible();
  await expect(button(page, LABELS.signOut)).toHaveCount(1);
}

/** Creates an account over the API and signs this page's browser in. */
export async function startSignedIn(page, server, reader) {
  const httpClient = new HttpClient(server);
  const { error, data } = await httpClient.client().signUp.email(reader);
  expect(error).toBeNull();
  await keepSession(page, server, httpClient);
  return data.user;
}

/** Makes an account as the operator does, who accepts no terms for anybody, and signs this page's browser in. */
export async function startMadeByOperator(page, server, { email, name, password }) {
  const made = await runCommandJson(server, 'user', 'create', email, '--name', name, '--verified');
  const token = new URL(made.resetLink).searchParams.get('token');
  const httpClient = new HttpClient(server);
  await httpClient.api('POST', '/reset-password', { json: { token, newPassword: password } });
  await httpClient.api('POST', '/sign-in/email', { json: { email, password } });
  await keepSession(page, server, httpClient);
}

async function keepSession(page, server, { sessionCookie: { name, raw } }) {
  await page.context().addCookies([{ name, value: raw, url: server.origin, httpOnly: true, sameSite: 'Lax' }]);
}

/** Creates an account over the API; this page's browser is not signed in. */
export async function signUpByApi(server, reader) {
  const { error, data } = await new HttpClient(server).client().signUp.email(reader);
  expect(error).toBeNull();
  return data.user;
}

/** The mail of this type to this reader that `ask` triggers. */
export async function mailAfter(server, type, { email }, ask = () => {}) {
  const count = server.outbox.mails({ type, to: email }).length + 1;
  await ask();
  return server.outbox.mail({ type, to: email }, { count });
}

/** Requests a password reset for an existing account and returns the link of the mail. */
export async function passwordResetLink(server, reader) {
  const json = { email: reader.email, redirectTo: PATHS.resetPassword };
  const ask = () => new HttpClient(server).api('POST', '/request-password-reset', { json });
  return (await mailAfter(server, 'reset-password', reader, ask)).url;
}
