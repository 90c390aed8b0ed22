// A reader's browser without pages, on the way through the authorization endpoint: it follows redirects, sends the forms
// that Bookplate shows, and stops where a client is sent its answer.
import assert from 'node:assert/strict';
import { HttpClient } from './http-client.mjs';

const REDIRECTS = 10;

export class ReaderBrowser {
  constructor(server) {
    this.server = server;
    this.http = new HttpClient(server);
  }

  /** Opens an address of the server: `{ redirectedTo: URL }` where it leads away, or `{ page: HTML, url, status }`. */
  async open(address, init) {
    let [url, options] = [new URL(address, this.server.origin), init];
    for (let count = 0; count < REDIRECTS; count += 1) {
      if (url.origin !== this.server.origin) return { redirectedTo: url };
      const response = await this.http.fetch(url, { ...options, headers: { accept: 'text/html', ...options?.headers } });
      const location = response.headers.get('location');
      if (!location) return { page: await response.text(), url, status: response.status };
      assert.equal(response.headers.get('cache-control'), 'no-store', `${url.pathname} redirects for a cache`);
      [url, options] = [new URL(location, url), undefined];
    }
    throw new Error(`more than ${REDIRECTS} redirects, the last to ${url}`);
  }

  /** Sends the form of a page that has these fields, with what the page has filled in. */
  submit({ page, url }, fields) {
    const form = formWith(page, Object.keys(fields));
    const body = new URLSearchParams({ ...form.hidden, ...fields }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.open(new URL(form.action ?? '', url), { method: 'POST', headers, body });
  }

  /** Opens an authorization request, which has to ask the reader to sign in, and does so. */
  async signIn(address, { email, password }) {
    const shown = await this.open(address);
    assert.equal(shown.url?.pathname, '/sign-in', `the reader is not asked to sign in but led to ${shown.redirectedTo ?? shown.url}`);
    return this.clientResponse(await this.submit(shown, { email, password }));
  }

  /** Opens an authorization request that must not show a page. */
  async pass(address) {
    return this.clientResponse(await this.open(address));
  }

  /** The parameters that the client was sent. */
  clientResponse({ redirectedTo, page, url }) {
    assert.ok(redirectedTo, `no answer for the client but the page ${url}:\n${page?.replace(/\s+/g, ' ').slice(0, 2000)}`);
    return redirectedTo;
  }
}

/** The first form with all these fields: where it goes, and the hidden fields. */
function formWith(page, names) {
  const forms = [...page.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, attributes, content]) => ({ attributes, content }));
  const fits = ({ content }) => names.every((name) => content.includes(`name="${name}"`));
  const form = forms.find(fits);
  assert.ok(form, `no form with ${names} in\n${page.replace(/\s+/g, ' ').slice(0, 2000)}`);
  const inputs = [...form.content.matchAll(/<input\b([^>]*)>/g)].map(([, attributes]) => attributes);
  const hidden = inputs.filter((input) => attribute(input, 'type') === 'hidden');
  return {
    action: attribute(form.attributes, 'action'),
    hidden: Object.fromEntries(hidden.map((input) => [attribute(input, 'name'), attribute(input, 'value') ?? ''])),
  };
}

function attribute(text, name) {
  const [, value] = new RegExp(`\\b${name}="([^"]*)"`).exec(text) ?? [];
  return value?.replace(/&quot;/g, '"').replace(/&#x27;|&#39;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
