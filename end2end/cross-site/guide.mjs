// The files of docs/SIGN-IN-FROM-ANOTHER-SITE.md, as they stand there. Only the addresses are those of a test.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(new URL('../../docs/SIGN-IN-FROM-ANOTHER-SITE.md', import.meta.url));
const LIBRARY = createRequire(import.meta.url).resolve('oauth4webapi');

/** The text of the document's block that names itself so in its first lines. */
function block(document, language, label) {
  const found = [...document.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, of, text]) => ({ of, text }))
    .filter(({ of, text }) => of === language && text.split('\n', 2).includes(label));
  assert.equal(found.length, 1, `the guide has ${found.length} blocks with the line ${label}`);
  return found[0].text;
}

/** The files of both books by path, where the accounts, the chatbot and the id of the client are these. */
export function filesOfTheGuide({ accounts, chatbot, clientId }) {
  const document = readFileSync(DOCUMENT, 'utf8');
  const filled = (language, label) =>
    block(document, language, label)
      .replaceAll('https://accounts.example.org', accounts)
      .replaceAll('https://chat.example.org', chatbot)
      .replaceAll("clientId: 'book'", `clientId: '${clientId}'`);
  const pages = {
    'callback.html': filled('html', '<!-- callback.html -->'),
    'chapter.html': filled('html', '<!-- chapter.html -->'),
    'conversations.js': filled('js', '// conversations.js'),
  };
  return {
    ...below('/plain/', { ...pages, 'bookplate.js': filled('js', '// bookplate.js') }),
    ...below('/oauth4webapi/', {
      ...pages,
      'bookplate.js': filled('js', '// bookplate.js, with oauth4webapi'),
      'oauth4webapi.js': readFileSync(LIBRARY, 'utf8'),
    }),
  };
}

function below(folder, files) {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [folder + name, text]));
}
