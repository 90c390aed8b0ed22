// Without scripts nothing is missing, and nothing is shown that needs them.
import { expect, test } from './fixtures.mjs';
import { PLACES, control, join, passwordSwitch } from './site.mjs';

test('no control is shown that needs scripts', async ({ page }) => {
  for (const path of [PLACES.signIn, PLACES.signUp]) {
    await page.goto(path);
    await expect(passwordSwitch(page).filter({ visible: true })).toHaveCount(0);
    await expect(page.locator('button[type=button]:visible')).toHaveCount(0);
  }
});

test('no page asks for scripts or is left loading', async ({ page, server, reader }) => {
  const whole = async (path) => {
    await page.goto(path);
    await expect(page.locator('body')).not.toContainText(
      /enable javascript|javascript (is )?(required|disabled)|loading…|loading\.\.\./i,
    );
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  };
  const { signIn, signUp, forgotPassword, resetPassword, verifyEmail, account, security, sessions, data } = PLACES;
  const open = ['/', signIn, signUp, forgotPassword, resetPassword, verifyEmail, '/no-such-page'];
  for (const path of open) await whole(path);
  await join(page, server, reader);
  for (const path of ['/', security, sessions, data, account]) await whole(path);
  await expect(control(page, 'name')).toHaveValue(reader.name);
});
