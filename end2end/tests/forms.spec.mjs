// Form markup: names, labels, autocomplete, descriptions, one submit button.
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, button, control, signUpByApi, expectHome, startSignedIn } from './site.mjs';

const ATTRIBUTES = {
  [PATHS.signIn]: {
    email: { type: 'email', autocomplete: /username|email/, autocapitalize: 'none', enterkeyhint: /.+/ },
    password: { type: 'password', autocomplete: 'current-password', enterkeyhint: /.+/ },
    rememberMe: { type: 'checkbox' },
  },
  [PATHS.signUp]: {
    name: { autocomplete: 'name' },
    email: { type: 'email', autocomplete: /username|email/, autocapitalize: 'none' },
    password: { type: 'password', autocomplete: 'new-password' },
    experienceLevel: {},
    professionalRole: {},
    organization: { autocomplete: 'organization' },
    rememberMe: { type: 'checkbox' },
  },
  [PATHS.forgotPassword]: {
    email: { type: 'email', autocomplete: /username|email/, autocapitalize: 'none', inputmode: 'email' },
  },
};

const BUTTONS = {
  [PATHS.signIn]: LABELS.signIn,
  [PATHS.signUp]: LABELS.createAccount,
  [PATHS.forgotPassword]: LABELS.sendLink,
};

for (const [path, fields] of Object.entries(ATTRIBUTES)) {
  test(`${path} has one submit button and the controls of the wire`, async ({ page }) => {
    await page.goto(path);
    await expect(page.locator('button[type=submit]')).toHaveCount(1);
    await expect(button(page, BUTTONS[path])).toHaveAttribute('type', 'submit');
    for (const [name, attributes] of Object.entries(fields)) {
      const field = control(page, name);
      await expect(field).toHaveCount(1);
      for (const [attribute, value] of Object.entries(attributes))
        await expect(field).toHaveAttribute(attribute, value);
    }
    await expect(page.locator('main form')).toHaveAttribute('method', /post/i);
  });

  test(`every control on ${path} has a label`, async ({ page }) => {
    await page.goto(path);
    for (const name of Object.keys(fields)) {
      const labels = await control(page, name).evaluate((element) =>
        [...element.labels].map((label) => label.innerText.trim()),
      );
      expect(labels.join(' '), name).toMatch(/\p{L}{3}/u);
    }
  });
}

test('the questions show their options and their purpose', async ({ page }) => {
  await page.goto(PATHS.signUp);
  const options = (name) =>
    control(page, name)
      .locator('option')
      .evaluateAll((all) => all.map(({ value }) => value).filter(Boolean));
  await expect(page.locator('main select[name=experienceLevel]')).toHaveValue('');
  expect(await options('experienceLevel')).toEqual(['beginner', 'intermediate', 'advanced']);
  expect(await options('professionalRole')).toEqual(['student', 'developer', 'researcher', 'educator', 'other']);
  const purpose = await control(page, 'experienceLevel').evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.innerText ?? '')
      .join(' '),
  );
  expect(purpose).toMatch(/\p{L}{3}/u);
});

test('the password field is described by its requirements', async ({ page }) => {
  await page.goto(PATHS.signUp);
  const described = await control(page, 'password').getAttribute('aria-describedby');
  const words = await page.evaluate(
    (ids) =>
      ids
        .split(/\s+/)
        .map((id) => document.getElementById(id)?.innerText ?? '')
        .join(' '),
    described,
  );
  expect(words).toMatch(/8 characters/);
});

test('roleOther can be answered when the role is other', async ({ page, server, reader }) => {
  await page.goto(PATHS.signUp);
  await control(page, 'professionalRole').selectOption('other');
  await expect(control(page, 'roleOther')).toBeVisible();
  await startSignedIn(page, server, { ...reader, professionalRole: 'other', roleOther: 'Bookbinder' });
  await page.goto(PATHS.account);
  await expect(control(page, 'roleOther')).toBeVisible();
  await expect(control(page, 'roleOther')).toHaveValue('Bookbinder');
});

test('a password manager can tell the old password from the new one, and the account', async ({
  page,
  server,
  reader,
}) => {
  await startSignedIn(page, server, reader);
  await page.goto(PATHS.security);
  const form = page.locator('main form:has([name=currentPassword])');
  await expect(form.locator('[name=username]')).toHaveValue(reader.email);
  await expect(form.locator('[name=username]')).toHaveAttribute('autocomplete', 'username');
  await expect(control(page, 'currentPassword')).toHaveAttribute('autocomplete', 'current-password');
  await expect(control(page, 'newPassword')).toHaveAttribute('autocomplete', 'new-password');
});

test('signing in works by keyboard', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  await page.goto(PATHS.signIn);
  await control(page, 'email').focus();
  await page.keyboard.type(reader.email);
  await page.keyboard.press('Tab');
  await expect(control(page, 'password')).toBeFocused();
  await page.keyboard.type(reader.password);
  await page.keyboard.press('Enter');
  await expectHome(page, reader);
});

test('focus is visible', async ({ page }) => {
  await page.goto(PATHS.signUp);
  const reachable = page.locator('main').locator('a[href], button, input:not([type=hidden]), select');
  await page.keyboard.press('Tab'); // makes :focus-visible apply from now on
  for (const element of await reachable.all()) {
    if (!(await element.isVisible())) continue;
    await element.focus();
    const ring = await element.evaluate((focused) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      return outlineStyle === 'none' ? 0 : parseFloat(outlineWidth);
    });
    expect(ring, await element.evaluate(({ outerHTML }) => outerHTML.slice(0, 80))).toBeGreaterThanOrEqual(1.5);
  }
});

test('the 404 page says so and links to the front page', async ({ page }) => {
  const answer = await page.goto('/chapters/nowhere');
  expect(answer.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page).toHaveTitle(/not found|no such page|nothing/i);
  await page.locator('main').getByRole('link').first().click();
  await expect(page).toHaveURL((url) => ['/', PATHS.signIn].includes(url.pathname));
});
