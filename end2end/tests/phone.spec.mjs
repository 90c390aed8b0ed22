// Phone-specific behaviour: zoom and touch.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, signUpByApi, expectHome, fill, startSignedIn } from './site.mjs';

test('text fields are large enough to prevent zooming', async ({
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
  for (const path of [PATHS.signUp, PATHS.forgotPassword]) await fieldsOf(path);
  await startSignedIn(page, server, reader);
  for (const path of [PATHS.account, PATHS.security, PATHS.data]) await fieldsOf(path);
});

test('signing in works by touch', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  await page.goto(PATHS.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await button(page, LABELS.signIn).tap();
  await expectHome(page, reader);
});
