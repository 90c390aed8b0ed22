// The one line through everything.
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, button, control, expectHome, fill, notice, send, signIn, signOut } from './site.mjs';

test('a reader opens an account, changes it, leaves, and comes back after a restart', async ({
  page,
  server,
  reader,
}) => {
  await test.step('opens an account from the front page', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: WORDS.createLink }).first().click();
    await expect(page).toHaveURL((url) => url.pathname === PLACES.signUp);
    await fill(page, { ...reader, professionalRole: 'other', roleOther: 'Bookbinder' });
    await send(page, WORDS.createAccount);
    await expectHome(page, reader);
  });

  await test.step('finds name and answers on the account page', async () => {
    await page.goto(PLACES.account);
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
  await test.step('changes them, is told so, and they stay', async () => {
    await fill(page, changes);
    await send(page, WORDS.save);
    await expect(notice(page)).toBeVisible();
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
    await page.goto(PLACES.account);
    await expect(page).toHaveURL((url) => url.pathname === PLACES.signIn);
  });

  await test.step('signs in again after another restart', async () => {
    await restart(page, server);
    await signIn(page, reader);
    await expectHome(page, reader);
    await page.goto(PLACES.account);
    await expectValues(page, changes);
  });
});

test('the front page shows who is signed in, and to strangers the way in', async ({ page, reader }) => {
  await page.goto('/');
  await expect(button(page, WORDS.signOut)).toHaveCount(0);
  await page.getByRole('link', { name: WORDS.signIn, exact: true }).first().click();
  await expect(page).toHaveURL((url) => url.pathname === PLACES.signIn);
  await page.getByRole('link', { name: WORDS.createLink }).first().click();
  await expect(page).toHaveURL((url) => url.pathname === PLACES.signUp);
  await fill(page, reader);
  await send(page, WORDS.createAccount);
  await expectHome(page, reader);
});

test('an account without a name is an account', async ({ page, reader }) => {
  await page.goto(PLACES.signUp);
  await fill(page, { ...reader, name: '' });
  await send(page, WORDS.createAccount);
  await expectHome(page, reader);
});

async function expectValues(page, values) {
  for (const [name, value] of Object.entries(values)) await expect(control(page, name)).toHaveValue(value);
}

/** Restarts the server while no page of ours is still loading from it. */
async function restart(page, server) {
  await page.goto('about:blank');
  await server.restart();
}
