// Smoke test: sign-up, account, sign-out and sign-in, over restarts of the server.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, control, expectHome, fill, savedNotice, submit, signIn, signOut } from './site.mjs';

test('a reader signs up, changes the account, signs out and in again, over restarts', async ({
  page,
  server,
  reader,
}) => {
  await test.step('signs up from the front page', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: LABELS.createLink }).first().click();
    await expect(page).toHaveURL((url) => url.pathname === PATHS.signUp);
    await fill(page, { ...reader, professionalRole: 'other', roleOther: 'Bookbinder' });
    await submit(page, LABELS.createAccount);
    await expectHome(page, reader);
  });

  await test.step('finds name and answers on the account page', async () => {
    await page.goto(PATHS.account);
    await expect(page.getByText(reader.email).first()).toBeVisible();
    await expectValues(page, {
      name: reader.name,
      experienceLevel: 'beginner',
      professionalRole: 'other',
      roleOther: 'Bookbinder',
    });
  });

  const changes = {
    name: 'Ada Lovelace',
    experienceLevel: 'advanced',
    professionalRole: 'researcher',
    organization: 'Shelf & Sons',
  };
  await test.step('changes them, sees a confirmation, and they persist', async () => {
    await fill(page, changes);
    await submit(page, LABELS.save);
    await expect(savedNotice(page)).toBeVisible();
    await expectValues(page, changes);
    await page.reload();
    await expectValues(page, changes);
  });

  await test.step('is still signed in after the server restarted', async () => {
    await restart(page, server);
    await page.goto('/');
    await expectHome(page, reader);
  });

  await test.step('signs out', async () => {
    await signOut(page);
    await page.goto(PATHS.account);
    await expect(page).toHaveURL((url) => url.pathname === PATHS.signIn);
  });

  await test.step('signs in again after another restart', async () => {
    await restart(page, server);
    await signIn(page, reader);
    await expectHome(page, reader);
    await page.goto(PATHS.account);
    await expectValues(page, changes);
  });
});

test('the front page shows who is signed in, or links to sign-in', async ({ page, reader }) => {
  await page.goto('/');
  await expect(button(page, LABELS.signOut)).toHaveCount(0);
  await page.getByRole('link', { name: LABELS.signIn, exact: true }).first().click();
  await expect(page).toHaveURL((url) => url.pathname === PATHS.signIn);
  await page.getByRole('link', { name: LABELS.createLink }).first().click();
  await expect(page).toHaveURL((url) => url.pathname === PATHS.signUp);
  await fill(page, reader);
  await submit(page, LABELS.createAccount);
  await expectHome(page, reader);
});

test('an account needs no name', async ({ page, reader }) => {
  await page.goto(PATHS.signUp);
  await fill(page, { ...reader, name: '' });
  await submit(page, LABELS.createAccount);
  await expectHome(page, reader);
});

async function expectValues(page, values) {
  for (const [name, value] of Object.entries(values)) await expect(control(page, name)).toHaveValue(value);
}

/** Restarts the server while no page is loading. */
async function restart(page, server) {
  await page.goto('about:blank');
  await server.restart();
}
