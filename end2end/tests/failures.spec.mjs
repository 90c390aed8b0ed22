// Failed forms: the same page with a 4xx, the input kept, the error at its field and in the title.
import { newReader } from '../harness/readers.mjs';
import { expect, test } from './fixtures.mjs';
import { PATHS, LABELS, control, signUpByApi, errorOf, expectHome, fill, startSignedIn, submit, submitInvalid } from './site.mjs';

const SIGN_IN = { path: PATHS.signIn, button: LABELS.signIn };
const SIGN_UP = { path: PATHS.signUp, button: LABELS.createAccount };

/** Changes to a valid sign-up, and the fields that are rejected. */
const CASES = [
  { ...SIGN_IN, title: 'a wrong password', known: true, fill: { password: 'Not-the-password-1' }, wrong: [] },
  { ...SIGN_IN, title: 'an unknown address', fill: {}, wrong: [] },
  { ...SIGN_IN, title: 'something that is no address', fill: { email: 'ada' }, wrong: ['email'] },
  { ...SIGN_IN, title: 'no password', fill: { password: '' }, wrong: [] },
  { ...SIGN_UP, title: 'a short password', fill: { password: 'weak' }, wrong: ['password'] },
  { ...SIGN_UP, title: 'a password over 128 characters', fill: { password: 'Lamp-'.repeat(30) }, wrong: ['password'] },
  { ...SIGN_UP, title: 'a taken address', known: true, fill: {}, wrong: ['email'] },
  { ...SIGN_UP, title: 'something that is no address', fill: { email: 'ada@' }, wrong: ['email'] },
  {
    ...SIGN_UP,
    title: 'missing answers',
    fill: { experienceLevel: '', professionalRole: '' },
    wrong: ['experienceLevel', 'professionalRole'],
  },
  {
    ...SIGN_UP,
    title: 'everything wrong at once',
    fill: { email: 'ada', password: 'weak', experienceLevel: '' },
    wrong: ['email', 'password', 'experienceLevel'],
  },
];

for (const { path, button, title, known, fill: changes, wrong } of CASES) {
  test(`${path} with ${title} shows the errors and keeps the input`, async ({ page, server, reader }) => {
    if (known) await signUpByApi(server, reader);
    const { name, experienceLevel, professionalRole, ...signIn } = reader;
    const typed = { ...(path === PATHS.signUp ? reader : signIn), ...changes };
    await page.goto(path);
    await fill(page, { ...typed, rememberMe: false });
    await submitInvalid(page, button);

    for (const [field, value] of Object.entries(typed)) {
      await expect(control(page, field)).toHaveValue(field === 'password' ? '' : value);
    }
    await expect(control(page, 'rememberMe')).not.toBeChecked();
    for (const field of wrong) await expectErrorAt(page, field);
    if (wrong.length) await expect(page.locator('main [aria-invalid=true]')).toHaveCount(wrong.length);
    await expectExplained(page);
    await expectFocusAtTheFirstError(page);
    await expect(page.locator('main')).not.toContainText(typed.password || 'Not-the-password-1');
  });
}

test('a failed sign-in does not reveal whether the address has an account', async ({ page, server, reader }) => {
  await signUpByApi(server, reader);
  const told = async (email) => {
    await page.goto(PATHS.signIn);
    await fill(page, { email, password: 'Not-the-password-1' });
    const status = await submitInvalid(page, LABELS.signIn);
    return { status, text: (await page.locator('main').innerText()).replaceAll(email, 'ADDRESS') };
  };
  expect(await told(reader.email)).toEqual(await told(newReader().email));
});

test('the address after a failure opens the form again', async ({ page, reader }) => {
  await page.goto(PATHS.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await submitInvalid(page, LABELS.signIn);
  const answer = await page.goto(page.url());
  expect(answer.status()).toBe(200);
  await expect(control(page, 'email')).toHaveValue('');
  await expect(page).not.toHaveTitle(/^Error:/);
  await expect(page.locator('main [aria-invalid=true]')).toHaveCount(0);
});

test('after a failure the same form succeeds', async ({ page, reader }) => {
  await page.goto(`${PATHS.signUp}?next=%2Faccount`);
  await fill(page, { ...reader, password: 'weak' });
  await submitInvalid(page, LABELS.createAccount);
  await fill(page, { password: reader.password });
  await submit(page, LABELS.createAccount);
  await expect(page).toHaveURL((url) => url.pathname === PATHS.account);
  await page.goto('/');
  await expectHome(page, reader);
});

test('a link cannot inject text into the page', async ({ page }) => {
  const words = 'Call 555 0199 to unlock your account';
  const query = new URLSearchParams({
    error: words,
    __err: words,
    __path: PATHS.signIn,
    message: words,
    email: words,
  });
  for (const path of [PATHS.signIn, PATHS.signUp, '/']) {
    await page.goto(`${path}?${query}`);
    await expect(page.locator('body')).not.toContainText('555 0199');
  }
});

test('a failed account change shows the error at its field and changes nothing', async ({ page, server, reader }) => {
  await startSignedIn(page, server, reader);
  await page.goto(PATHS.account);
  const organization = 'Shelf & Sons '.repeat(400).trim();
  await fill(page, { name: 'Ada Lovelace', organization });
  await submitInvalid(page, LABELS.save);
  await expectErrorAt(page, 'organization');
  await expect(control(page, 'name')).toHaveValue('Ada Lovelace');
  await expect(control(page, 'organization')).toHaveValue(organization);
  await page.goto(PATHS.account);
  await expect(control(page, 'name')).toHaveValue(reader.name);
});

/** The field is marked invalid, and its error message is linked and right below it. */
async function expectErrorAt(page, name) {
  const field = control(page, name);
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  const error = errorOf(page, name);
  await expect(error).toBeVisible();
  await expect(error).toContainText(/\p{L}{3}/u);
  const [described, id] = [await field.getAttribute('aria-describedby'), await error.getAttribute('id')];
  expect(described?.split(/\s+/)).toContain(id);
  const [above, below] = [await field.boundingBox(), await error.boundingBox()];
  expect(below.y - (above.y + above.height)).toBeLessThan(120);
  expect(below.y).toBeGreaterThan(above.y);
}

/** The page has an error summary, and every description of an invalid field exists and has text. */
async function expectExplained(page) {
  const marked = page.locator('main [aria-invalid=true]');
  if ((await marked.count()) === 0) await expect(page.locator('main').getByRole('alert')).toContainText(/\p{L}{3}/u);
  for (const field of await marked.all()) {
    const words = await field.evaluate((element) =>
      (element.getAttribute('aria-describedby') ?? '')
        .split(/\s+/)
        .map((id) => document.getElementById(id)?.innerText ?? '')
        .join(' '),
    );
    expect(words).toMatch(/\p{L}{3}/u);
  }
}

async function expectFocusAtTheFirstError(page) {
  await expect
    .poll(() =>
      page.evaluate(() => {
        const focused = document.activeElement;
        const first = document.querySelector('main [aria-invalid=true]');
        return focused === first || focused.matches('[role=alert], [role=alert] *');
      }),
    )
    .toBe(true);
}
