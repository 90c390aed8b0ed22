// On a phone.
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, button, enrol, expectHome, fill, join } from './site.mjs';

test('text fields are large enough that the phone does not zoom in', async ({
  page,
  server,
  reader,
}) => {
  const fieldsOf = async (path) => {
    await page.goto(path);
    const fields = page.locator('main').locator('input:not([type=hidden]):not([type=checkbox]), select');
    const sizes = await fields.evaluateAll((all) => all.map((field) => parseFloat(getComputedStyle(field).fontSize)));
    expect(sizes.length, path).toBeGreaterThan(0);
    for (const size of sizes) expect(size, path).toBeGreaterThanOrEqual(16);
  };
  for (const path of [PLACES.signUp, PLACES.forgotPassword]) await fieldsOf(path);
  await join(page, server, reader);
  for (const path of [PLACES.account, PLACES.security, PLACES.data]) await fieldsOf(path);
});

test('signing in works by touch', async ({ page, server, reader }) => {
  await enrol(server, reader);
  await page.goto(PLACES.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await button(page, WORDS.signIn).tap();
  await expectHome(page, reader);
});
