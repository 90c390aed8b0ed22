// On a phone.
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, button, enrol, expectHome, fill } from './site.mjs';

test('text fields are large enough that the phone does not zoom in', async ({ page }) => {
  await page.goto(PLACES.signUp);
  const fields = page.locator('main').locator('input:not([type=hidden]):not([type=checkbox]), select');
  const sizes = await fields.evaluateAll((all) => all.map((field) => parseFloat(getComputedStyle(field).fontSize)));
  for (const size of sizes) expect(size).toBeGreaterThanOrEqual(16);
});

test('signing in works by touch', async ({ page, server, reader }) => {
  await enrol(server, reader);
  await page.goto(PLACES.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await button(page, WORDS.signIn).tap();
  await expectHome(page, reader);
});
