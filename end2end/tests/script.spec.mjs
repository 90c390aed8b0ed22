// What scripts add to forms: show password, password strength, conditional questions.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, control, expectHome, fill, showPasswordButton, strengthHint } from './site.mjs';

for (const path of [PATHS.signIn, PATHS.signUp]) {
  test(`the password on ${path} can be shown and hidden`, async ({ page, reader }) => {
    await page.goto(path);
    await fill(page, { password: reader.password });
    const field = control(page, 'password');
    await showPassword(page);
    await expect(field).toHaveValue(reader.password);
    await expect(field).toHaveAttribute('autocomplete', /password/);
    await expect(showPasswordButton(page)).toHaveAttribute('type', 'button');
    await showPasswordButton(page).click();
    await expect(field).toHaveAttribute('type', 'password');
    await expect(field).toHaveValue(reader.password);
  });
}

test('password strength is described while typing', async ({ page }) => {
  await page.goto(PATHS.signUp);
  const judged = async (password) => {
    await control(page, 'password').fill(password);
    return (await strengthHint(page).innerText()).trim();
  };
  const atFirst = (await strengthHint(page).innerText()).trim();
  await expect.poll(() => judged('weak')).not.toBe(atFirst);
  const words = [await judged('weak'), await judged('aaaaaaaa'), await judged('quiet paper, ink and one colour')];
  expect(new Set(words).size).toBe(3);
  for (const sentence of words) expect(sentence).toMatch(/\p{L}{3}/u);
  expect(words[2]).toMatch(/strong/i);
  await expect(strengthHint(page)).not.toContainText('quiet paper');
});

test('roleOther is asked only when the role is other', async ({ page }) => {
  await page.goto(PATHS.signUp);
  await expect(control(page, 'roleOther')).toBeHidden();
  await control(page, 'professionalRole').selectOption('other');
  await expect(control(page, 'roleOther')).toBeVisible();
  await control(page, 'professionalRole').selectOption('developer');
  await expect(control(page, 'roleOther')).toBeHidden();
});

test('hydration keeps what was typed before', async ({ page, reader }) => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const programs = [];
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  page.on('response', (response) => response.url().endsWith('.wasm') && programs.push(response));
  await page.goto(PATHS.signUp, { waitUntil: 'domcontentloaded' });
  await fill(page, reader);
  release();
  await expect.poll(() => programs.length).toBeGreaterThan(0);
  expect(programs[0].status()).toBe(200);
  expect(programs[0].headers()['content-type']).toBe('application/wasm');
  await showPassword(page);
  for (const [name, value] of Object.entries(reader)) await expect(control(page, name)).toHaveValue(value);
  await button(page, LABELS.createAccount).click();
  await expectHome(page, reader);
});

test('a form submitted before hydration works', async ({ page, reader }) => {
  await page.route('**/*.wasm', () => {}); // never answered
  await page.goto(PATHS.signUp, { waitUntil: 'domcontentloaded' });
  await fill(page, reader);
  await button(page, LABELS.createAccount).click();
  await expectHome(page, reader); // has no islands
});

/** Presses the button until its island is hydrated. */
async function showPassword(page) {
  await expect(async () => {
    await showPasswordButton(page).click();
    await expect(control(page, 'password')).toHaveAttribute('type', 'text', { timeout: 500 });
  }).toPass();
}
