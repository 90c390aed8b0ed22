// Every page in every state: no axe violation, light and dark, nothing that runs out of the page sideways at its own
// size, at 320 px and with text twice as large, and on a phone targets that a thumb can hit.
import { violations } from './axe.mjs';
import { expect, test } from './fixtures.mjs';
import { STATES } from './states.mjs';

for (const { name, open } of STATES) {
  test(`${name} is accessible and fits`, async ({ page, server, javaScriptEnabled, viewport, hasTouch }) => {
    await open(page, server);
    const sameMarkup = hasTouch || javaScriptEnabled === false; // the dark styles are judged on the desktop
    for (const colorScheme of sameMarkup ? ['light'] : ['light', 'dark']) {
      // Without motion, or the colours are judged on their way from one scheme to the other.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect.soft(await violations(page, { javaScriptEnabled, colorScheme }), `${colorScheme} scheme`).toEqual([]);
    }
    if (hasTouch) expect.soft(await smallTargets(page), 'targets').toEqual([]);

    expect.soft(await sideways(page), 'at its size').toEqual({ over: 0, by: [] });
    await page.setViewportSize({ width: 320, height: viewport.height });
    expect.soft(await sideways(page), 'at 320 px').toEqual({ over: 0, by: [] });
    await page.setViewportSize({ width: Math.max(640, viewport.width / 2), height: viewport.height });
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    expect.soft(await sideways(page), 'with large text').toEqual({ over: 0, by: [] });
  });
}

test('the scheme is followed: the page is darker in the dark one', async ({ page }) => {
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

/** How far the page scrolls sideways, and what sticks out. */
function sideways(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const sticksOut = (element) => element.getBoundingClientRect().right > clientWidth + 1;
    const out = scrollWidth > clientWidth ? [...document.body.querySelectorAll('*')].filter(sticksOut) : [];
    return { over: scrollWidth - clientWidth, by: out.slice(0, 3).map(({ outerHTML }) => outerHTML.slice(0, 90)) };
  });
}

/** Controls less than 44 px high. */
function smallTargets(page) {
  return page.evaluate(() => {
    const targets = 'button, select, input:not([type=hidden]):not([type=checkbox]), label:has(input[type=checkbox])';
    const small = (element) => element.checkVisibility() && element.getBoundingClientRect().height < 44;
    return [...document.querySelectorAll(targets)].filter(small).map(({ outerHTML }) => outerHTML.slice(0, 90));
  });
}
