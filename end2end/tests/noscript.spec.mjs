// With scripts off, no control is shown that needs them.
import { expect, test } from './fixtures.mjs';
import { PATHS, control, startSignedIn, showPasswordButton } from './site.mjs';

test('controls that need scripts are hidden', async ({ page }) => {
  for (const path of [PATHS.signIn, PATHS.signUp]) {
    await page.goto(path);
    await expect(showPasswordButton(page).filter({ visible: true })).toHaveCount(0);
    await expect(page.locator('button[type=button]:visible')).toHaveCount(0);
  }
});

test('no page demands scripts or shows a loading state', async ({ page, server, reader }) => {
  const whole = async (path) => {
    await page.goto(path);
    await expect(page.locator('body')).not.toContainText(
      /enable javascript|javascript (is )?(required|disabled)|loading…|loading\.\.\./i,
    );
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  };
  const { signIn, signUp, forgotPassword, resetPassword, verifyEmail, account, security, sessions, data } = PATHS;
  const open = ['/', signIn, signUp, forgotPassword, resetPassword, verifyEmail, '/no-such-page'];
  for (const path of open) await whole(path);
  await startSignedIn(page, server, reader);
  for (const path of ['/', security, sessions, data, account]) await whole(path);
  await expect(control(page, 'name')).toHaveValue(reader.name);
});
