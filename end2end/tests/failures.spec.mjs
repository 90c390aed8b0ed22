// Forms that fail: the same page with a 4xx, what was typed still there, the error at its field and in the title.
import { newReader } from '../harness/readers.mjs';
import { expect, test } from './fixtures.mjs';
import { PLACES, WORDS, control, enrol, errorOf, expectHome, fill, join, send, sendInVain } from './site.mjs';

const SIGN_IN = { path: PLACES.signIn, button: WORDS.signIn };
const SIGN_UP = { path: PLACES.signUp, button: WORDS.createAccount };

/** What is filled in besides a good sign-up, and the fields that are at fault. */
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
  test(`${path} with ${title} shows what to do and keeps what was typed`, async ({ page, server, reader }) => {
    if (known) await enrol(server, reader);
    const { name, experienceLevel, professionalRole, ...signIn } = reader;
    const typed = { ...(path === PLACES.signUp ? reader : signIn), ...changes };
    await page.goto(path);
    await fill(page, { ...typed, rememberMe: false });
    await sendInVain(page, button);

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

test('a failed sign-in never tells whether the address has an account', async ({ page, server, reader }) => {
  await enrol(server, reader);
  const told = async (email) => {
    await page.goto(PLACES.signIn);
    await fill(page, { email, password: 'Not-the-password-1' });
    const status = await sendInVain(page, WORDS.signIn);
    return { status, text: (await page.locator('main').innerText()).replaceAll(email, 'ADDRESS') };
  };
  expect(await told(reader.email)).toEqual(await told(newReader().email));
});

test('the address a failure leaves in the bar opens the form again', async ({ page, reader }) => {
  await page.goto(PLACES.signIn);
  await fill(page, { email: reader.email, password: reader.password });
  await sendInVain(page, WORDS.signIn);
  const answer = await page.goto(page.url());
  expect(answer.status()).toBe(200);
  await expect(control(page, 'email')).toHaveValue('');
  await expect(page).not.toHaveTitle(/^Error:/);
  await expect(page.locator('main [aria-invalid=true]')).toHaveCount(0);
});

test('after a failure the same form succeeds', async ({ page, reader }) => {
  await page.goto(`${PLACES.signUp}?next=%2Faccount`);
  await fill(page, { ...reader, password: 'weak' });
  await sendInVain(page, WORDS.createAccount);
  await fill(page, { password: reader.password });
  await send(page, WORDS.createAccount);
  await expect(page).toHaveURL((url) => url.pathname === PLACES.account);
  await page.goto('/');
  await expectHome(page, reader);
});

test('a link cannot put its own words on the page', async ({ page }) => {
  const words = 'Call 555 0199 to unlock your account';
  const query = new URLSearchParams({
    error: words,
    __err: words,
    __path: PLACES.signIn,
    message: words,
    email: words,
  });
  for (const path of [PLACES.signIn, PLACES.signUp, '/']) {
    await page.goto(`${path}?${query}`);
    await expect(page.locator('body')).not.toContainText('555 0199');
  }
});

test('an account change that fails says so at its field and changes nothing', async ({ page, server, reader }) => {
  await join(page, server, reader);
  await page.goto(PLACES.account);
  const organization = 'Shelf & Sons '.repeat(400).trim();
  await fill(page, { name: 'Ada Lovelace', organization });
  await sendInVain(page, WORDS.save);
  await expectErrorAt(page, 'organization');
  await expect(control(page, 'name')).toHaveValue('Ada Lovelace');
  await expect(control(page, 'organization')).toHaveValue(organization);
  await page.goto(PLACES.account);
  await expect(control(page, 'name')).toHaveValue(reader.name);
});

/** The field is marked, and its error stands close below it, linked and in words. */
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

/** The page says what is wrong, and whatever describes a marked field exists and says something. */
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
