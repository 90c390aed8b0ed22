// Every page in every state whose markup depends on scripts; the colour schemes.
import { expect, test } from './fixtures.mjs';
import { testStates } from './layout.mjs';
import { STATES } from './states.mjs';

testStates(STATES);

test('the page follows the colour scheme', async ({ page }) => {
  await page.goto('/sign-in');
  const lightness = async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    return page.evaluate(() => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const painted = [document.body, document.documentElement].map(
        (element) => getComputedStyle(element).backgroundColor,
      );
      for (const colour of ['white', ...painted.reverse()]) {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
      }
      return canvas
        .getImageData(0, 0, 1, 1)
        .data.slice(0, 3)
        .reduce((sum, part) => sum + part, 0);
    });
  };
  expect(await lightness('dark')).toBeLessThan((await lightness('light')) / 2);
});
