// Where accounts are opened by invitation and terms have to be accepted: every page in every state, and the way through.
import { newReader } from '../harness/readers.mjs';
import { runCommandJson } from '../harness/command-line.mjs';
import { test as base, expect } from './fixtures.mjs';
import { testStates } from './layout.mjs';
import {
  LABELS,
  PATHS,
  control,
  errorOf,
  fill,
  signIn,
  signOut,
  startMadeByOperator,
  submit,
  submitInvalid,
} from './site.mjs';
import { INVITED_STATES, INVITING } from './states.mjs';

const test = base.extend({
  settings: [INVITING.settings, { scope: 'worker' }],
  files: [INVITING.files, { scope: 'worker' }],
});

testStates(INVITED_STATES, test);

test('who is invited accepts the terms and is not asked again', async ({ page, server, reader }) => {
  const { link } = await runCommandJson(server, 'invite', '--any');
  await page.goto(link);
  await fill(page, reader);
  await submitInvalid(page, LABELS.createAccount);
  await expect(errorOf(page, 'acceptedTerms')).toBeVisible();
  await expect(control(page, 'acceptedTerms')).toBeFocused();
  await fill(page, { password: reader.password, acceptedTerms: true });
  await submit(page, LABELS.createAccount);
  await expect(page).toHaveURL(`${server.origin}/`);
  await signOut(page);
  await signIn(page, reader, `${PATHS.signIn}?next=${PATHS.security}`);
  await expect(page).toHaveURL(server.origin + PATHS.security);
});

test('who has not accepted the terms does so on the way, or takes everything along', async ({ page, server }) => {
  const reader = newReader();
  await startMadeByOperator(page, server, reader);
  await page.goto(PATHS.security);
  await expect(page).toHaveURL(`${server.origin}${PATHS.terms}?next=${PATHS.security}`);
  await page.getByRole('link', { name: 'Your data' }).click();
  await expect(page).toHaveURL(server.origin + PATHS.data);
  await signOut(page);
  await signIn(page, reader, `${PATHS.signIn}?next=${PATHS.security}`);
  await expect(page).toHaveURL(`${server.origin}${PATHS.terms}?next=${PATHS.security}`);
  await fill(page, { acceptedTerms: true });
  await submit(page, LABELS.acceptTerms);
  await expect(page).toHaveURL(server.origin + PATHS.security);
  await page.goto(PATHS.account);
  await expect(page).toHaveURL(server.origin + PATHS.account);
});
