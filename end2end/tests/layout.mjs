// What holds for every page in every state: no axe violation, light and dark, nothing that runs out of the page
// sideways at its own size, at 320 px and with text twice as large, and on a phone targets that a thumb can hit.
// axe examines each markup once: on the desktop, and without scripts where that makes another. The markup on the phone
// is the desktop's, so there it examines one state in five.
import { violations } from './axe.mjs';
import { expect, test as base } from './fixtures.mjs';

/** A test for each of these states. */
export function testStates(states, test = base) {
  for (const [at, { name, open }] of states.entries()) {
    test(`${name} is accessible and fits`, async ({ page, server, javaScriptEnabled, viewport, hasTouch }) => {
      await open(page, server);
      await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
      await expect(page).toHaveTitle(/\p{L}{3}.* · /u);
      const isSample = hasTouch && at % 5 === 0;
      // The dark styles are judged on the desktop.
      const schemes = hasTouch || javaScriptEnabled === false ? ['light'] : ['light', 'dark'];
      for (const colorScheme of hasTouch && !isSample ? [] : schemes) {
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
}

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
