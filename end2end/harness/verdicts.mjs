// What an answer must be, said once.
import assert from 'node:assert/strict';

/** The client's `{ data, error }` is this failure. */
export function assertRefused(result, status, code, message) {
  assert.ok(result.error, `expected ${status} ${code}, got ${JSON.stringify(result.data)}`);
  assert.equal(result.data, null);
  const { status: got, code: gotCode, message: gotMessage } = result.error;
  assert.deepEqual({ status: got, code: gotCode }, { status, code }, gotMessage);
  if (message !== undefined) assert.equal(gotMessage, message);
}

/** A plain answer is this failure, with the contract's body. */
export function assertFailure(answer, status, code, message) {
  assert.deepEqual({ status: answer.status, code: answer.json?.code }, { status, code }, answer.text.slice(0, 300));
  if (message !== undefined) assert.equal(answer.json.message, message);
  assert.equal(typeof answer.json.message, 'string');
}

/** Bad input without a code of its own in the contract: some 4xx of its style that gives nothing internal away. */
export function assertBadInput(answer) {
  const { status, text, json } = answer;
  assert.ok(status >= 400 && status < 500, `expected a 4xx, got ${status}: ${text.slice(0, 300)}`);
  assert.doesNotMatch(text, /sqlx|sqlite|postgres|panicked|\.rs:\d|stack backtrace/i);
  if (!json) return;
  assert.equal(typeof json.message, 'string');
  if (json.code !== undefined) assert.match(json.code, /^[A-Z][A-Z0-9_]*$/);
}

export function assertNear(actual, expected, tolerance, what) {
  const away = Math.abs(actual - expected);
  assert.ok(away <= tolerance, `${what}: ${actual} is ${away} away from ${expected}`);
}

/** Compares header lists without caring for case, order and blanks. */
export function listOf(header) {
  return (header ?? '')
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** A plain answer is this problem as an RFC 9457 document, about exactly these fields. */
export function assertProblem(answer, status, code, ...fields) {
  const { json, headers, text } = answer;
  assert.deepEqual({ status: answer.status, code: json?.code }, { status, code }, text.slice(0, 300));
  assert.equal(headers.get('content-type'), 'application/problem+json');
  assert.equal(json.status, status);
  assert.equal(json.type, `/api/docs#${code}`);
  for (const member of ['title', 'detail']) assert.ok(json[member] && typeof json[member] === 'string', member);
  assert.deepEqual(
    (json.errors ?? []).map(({ field }) => field),
    fields,
    text.slice(0, 600),
  );
  for (const error of json.errors ?? []) assert.ok(error.code && error.detail, text);
}
