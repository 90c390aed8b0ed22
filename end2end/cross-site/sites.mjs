// Sites on registrable domains of their own, over https: a book, its accounts at Bookplate, a chatbot, and somebody else's
// book, which asks readers for consent.
import { createHash, X509Certificate } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { bookplateToml } from '../harness/config.mjs';
import { freePort } from '../harness/program.mjs';
import { callPython } from '../harness/python.mjs';
import { startServer } from '../harness/server.mjs';
import { chatbot } from './chatbot.mjs';
import { filesOfTheGuide } from './guide.mjs';

const HOSTS = { book: 'book.localtest', accounts: 'auth.example', chat: 'chat.example', guest: 'guest.localtest' };
/** The two books of the guide: folders of the book's site. */
export const BOOKS = ['plain', 'oauth4webapi'];

/** A chapter long enough to scroll, with a place to link to. */
const CHAPTER = `${'<p>Ultrasound reaches four metres.</p>\n'.repeat(150)}<h2 id="range">Range</h2>`;

/** Starts the sites, each of them an origin but for `server`. `database` and `env` are those of the server; see harness/server.mjs. */
export async function startSites({ database, env = {} } = {}) {
  const port = await freePort();
  const [book, accounts, chat, guest] = Object.values(HOSTS).map((host) => `https://${host}:${port}`);
  const certificates = await callPython('certificate.py', { names: Object.values(HOSTS) });
  const server = await startServer({
    database,
    env: { BOOKPLATE_URL: accounts, BOOKPLATE_TRUSTED_PROXIES: '127.0.0.1', ...env },
    files: { 'bookplate.toml': configuration({ book, chat, guest }) },
  });
  const fetch = fetchOverTls(certificates.authority);
  const handlers = {
    [HOSTS.book]: pages({ accounts, chat, clientId: 'book' }),
    [HOSTS.guest]: pages({ accounts, chat, clientId: 'guest' }),
    [HOSTS.accounts]: proxy(server),
    [HOSTS.chat]: chatbot({ books: [book, guest], issuer: accounts, audience: chat, fetch }),
  };
  const chain = { key: certificates.key, cert: certificates.certificate + certificates.authority };
  const front = https.createServer(chain, (request, response) => {
    const handler = handlers[request.headers.host?.replace(/:\d+$/, '')];
    if (handler) handler(request, response);
    else response.writeHead(421).end();
  });
  const close = await listening(front, port);
  return {
    book,
    accounts,
    chat,
    guest,
    server,
    fetch,
    chromeArguments: [
      `--host-resolver-rules=${Object.values(HOSTS).map((host) => `MAP ${host} 127.0.0.1`).join(', ')}`,
      `--ignore-certificate-errors-spki-list=${publicKeyHash(certificates.authority)}`,
    ],
    async stop() {
      await close();
      await server.discard();
    },
  };
}

/** Starts book, accounts and chatbot on ports of localhost over http, as on an author's machine. */
export async function startLocally({ database, env = {} } = {}) {
  const [book, chat] = [await freePort(), await freePort()].map((port) => `http://localhost:${port}`);
  const server = await startServer({ database, env, files: { 'bookplate.toml': configuration({ book, chat }) } });
  const accounts = server.origin;
  const handlers = [pages({ accounts, chat, clientId: 'book' }), chatbot({ books: [book], issuer: accounts, audience: chat, fetch })];
  const closing = [book, chat].map((origin, at) => listening(http.createServer(handlers[at]), Number(new URL(origin).port)));
  const closes = await Promise.all(closing);
  return {
    book,
    accounts,
    chat,
    server,
    fetch,
    chromeArguments: [],
    async stop() {
      await Promise.all(closes.map((close) => close()));
      await server.discard();
    },
  };
}

/** Listens on a port of the loopback address; answers what closes the server again. */
async function listening(server, port) {
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
}

function pages({ accounts, chat, clientId }) {
  return files(filesOfTheGuide({ accounts, chatbot: chat, clientId }));
}

function configuration({ book, chat, guest }) {
  const clients = [client('book', 'Walking Robots', book, true)];
  if (guest) clients.push(client('guest', 'Reading Circle', guest, false));
  return bookplateToml({ audiences: [{ name: 'chatbot', aud: chat, conversations: 'write' }], clients });
}

function client(id, name, origin, firstParty) {
  const callbacks = BOOKS.map((folder) => `${origin}/${folder}/callback.html`);
  const addresses = { redirect_uris: callbacks, post_logout_redirect_uris: callbacks, origins: [origin] };
  return { id, name, ...addresses, audiences: ['chatbot'], first_party: firstParty };
}

/** Serves the files. Every page below a book's folder is its chapter, except the callback. */
function files(byPath) {
  return (request, response) => {
    const { pathname } = new URL(request.url, 'https://book.invalid');
    const [, folder] = /^\/(\w+)\//.exec(pathname) ?? [];
    const page = /\/(|[\w-]+\.html)$/.test(pathname);
    const text = byPath[pathname] ?? (page ? byPath[`/${folder}/chapter.html`] : undefined);
    if (text === undefined) return response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    const type = page ? 'text/html; charset=utf-8' : 'text/javascript';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
    return response.end(text.replace('<p>What this chapter says.</p>', CHAPTER));
  };
}

/** A proxy as docs/OPERATIONS.md describes it. */
function proxy(server) {
  return (request, response) => {
    const headers = { ...request.headers, 'x-forwarded-for': request.socket.remoteAddress };
    const upstream = { host: '127.0.0.1', port: server.port, method: request.method, path: request.url, headers };
    const passed = http.request(upstream, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  };
}

/** `fetch` for hosts that only the browser can find: on the loopback address, under this authority. */
function fetchOverTls(ca) {
  return (input, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const { hostname, port, pathname, search, host } = new URL(input);
      const sent = { ...Object.fromEntries(new Headers(headers)), host };
      const address = { host: '127.0.0.1', servername: hostname, port, path: pathname + search };
      const request = https.request({ ...address, method, headers: sent, ca, agent: false }, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => {
          const received = Object.entries(answer.headersDistinct).flatMap(([name, all]) => all.map((one) => [name, one]));
          const text = [204, 304].includes(answer.statusCode) ? null : Buffer.concat(chunks);
          resolve(new Response(text, { status: answer.statusCode, headers: received }));
        });
      });
      request.on('error', reject);
      request.end(body === undefined ? undefined : String(body));
    });
}

/** How Chromium names a certificate that it is to trust. */
function publicKeyHash(certificate) {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
