// bookplate.toml, written in one place: when its format changes, only this file does.

/** The text of a bookplate.toml with these settings of the book, questions, audiences and clients. */
export function bookplateToml({ book, questions = [], audiences = [], clients = [] } = {}) {
  const tables = [
    ...(book ? [`[book]\n${members(book)}\n`] : []),
    ...questions.map((question) => table('questions', question)),
    ...audiences.map((audience) => table('audiences', audience)),
    ...clients.map((client) => table('clients', client)),
  ];
  return `${tables.join('\n')}\n`;
}

/** The default questions, declared as free text: what a client written for Better Auth's own fields needs. */
export const textQuestions = [
  text('experienceLevel', 'Your experience', true),
  text('professionalRole', 'Your role', true),
  text('roleOther', 'Your role in your own words', false),
  text('organization', 'Organization', false),
];

/** A free-text question. */
export function text(name, label, required) {
  return { name, kind: 'text', label, purpose: 'So that answers fit what you know.', required };
}

function table(name, entries) {
  return `[[${name}]]\n${members(entries)}\n`;
}

function members(entries) {
  return Object.entries(entries)
    .map(([key, value]) => `${key} = ${literal(value)}`)
    .join('\n');
}

function literal(value) {
  return Array.isArray(value) ? `[${value.map(literal).join(', ')}]` : JSON.stringify(value);
}
