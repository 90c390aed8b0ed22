// A chatbot: an API on a site of its own that verifies the reader's token by itself.
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';

/**
 * Answers `POST /ask` to the pages of these books.
 *
 * - `books`: the origins of the pages
 * - `issuer`: Bookplate's origin
 * - `audience`: what the tokens have to be for
 * - `fetch`: how the published keys are fetched
 */
export function chatbot({ books, issuer, audience, fetch }) {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer), { [customFetch]: fetch });
  const checks = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256', 'EdDSA', 'RS256'], clockTolerance: 10 };
  return async (request, response) => {
    const { origin } = request.headers;
    const shared = { vary: 'Origin', ...(books.includes(origin) && { 'access-control-allow-origin': origin }) };
    if (request.method === 'OPTIONS') {
      const allowed = { 'access-control-allow-headers': 'authorization, content-type', 'access-control-max-age': '600' };
      return response.writeHead(204, { ...shared, ...allowed }).end();
    }
    const answer = (status, body) =>
      response.writeHead(status, { ...shared, 'content-type': 'application/json' }).end(JSON.stringify(body));
    const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    try {
      const { payload } = await jwtVerify(token ?? '', keys, checks);
      const { question } = JSON.parse(await read(request));
      answer(200, { answer: `You asked: ${question}`, sub: payload.sub, scope: payload.scope });
    } catch (error) {
      answer(401, { error: error.message });
    }
  };
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
