// Runs axe on a page. With scripts off axe cannot run either, so it checks the same markup and styles in a
// second browser context, with scripts removed and `noscript` expanded.
import { AxeBuilder } from '@axe-core/playwright';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The violations as `rule: selector`. */
export async function violations(page, { javaScriptEnabled, colorScheme }) {
  if (javaScriptEnabled !== false) return examine(page);
  const html = withoutScripts(await page.content());
  const viewport = page.viewportSize();
  const context = await page.context().browser().newContext({ viewport, colorScheme, javaScriptEnabled: true });
  try {
    const copy = await context.newPage();
    const url = page.url();
    await copy.route(url, (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: html }));
    await copy.goto(url);
    return await examine(copy);
  } finally {
    await context.close();
  }
}

async function examine(page) {
  const { violations: found } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  return found.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} (${help}): ${target.join(' ')}`));
}

function withoutScripts(html) {
  return html
    .replace(/<script\b[\s\S]*?<\/script>/gi, '')
    .replace(/<link\b[^>]*rel="?(modulepreload|preload)"?[^>]*>/gi, '')
    .replace(/<noscript\b[^>]*>([\s\S]*?)<\/noscript>/gi, (_, inner) =>
      inner.replaceAll('&lt;', '<').replaceAll('&gt;', '>'),
    );
}
