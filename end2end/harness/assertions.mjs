// Assertions about answers, shared by the suites.
import assert from 'node:assert/strict';

/** The client's `{ data, error }` is this failure. */
export function assertRefused(result, status, code, message) {
  assert.ok(result.error, `expected ${status} ${code}, got ${JSON.stringify(result.data)}`);
  assert.equal(result.data, null);
  const { status: got, code: gotCode, message: gotMessage } = result.error;
  assert.deepEqual({ status: got, code: gotCode }, { status, code }, gotMessage);
  if (message !== undefined) assert.equal(gotMessage, message);
}

export function assertNear(actual, expected, tolerance, what) {
  const away = Math.abs(actual - expected);
  assert.ok(away <= tolerance, `${what}: ${actual} is ${away} away from ${expected}`);
}
