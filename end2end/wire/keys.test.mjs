// Signing keys change while servers run: the new one is published first, and tokens of the old one stay good.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { runCommandJson, runCommand } from '../harness/command-line.mjs';
import { until } from '../harness/poll.mjs';
import { callPython } from '../harness/python.mjs';
import { signUpReader, fetchToken } from '../harness/readers.mjs';
import { startServer } from '../harness/server.mjs';
import { HttpClient } from '../harness/http-client.mjs';

const keysOf = async (server) => (await new HttpClient(server).client().jwks()).data.keys.map(({ kid }) => kid);

/** The token verifies with the published keys in two libraries that know nothing of us. */
async function verifies(server, token) {
  const jwks = new URL('/api/auth/jwks', server.origin);
  const trusted = { issuer: server.origin, audience: server.origin };
  await jwtVerify(token, createRemoteJWKSet(jwks), trusted);
  const ask = { library: 'pyjwt', token, algorithm: 'ES256', jwks_url: jwks.href, ...trusted };
  const { refused, because } = await callPython('verify.py', ask, new URL('../interop/', import.meta.url));
  assert.equal(refused, undefined, because);
}

// A running server looks for keys once a minute, so both wait at the same time.
const LOOKS = { within: 90_000, every: 500 };
test('a new key is published by a running server before it signs, or signs at once where the old one leaked', async () => {
  const servers = await Promise.all(['sqlite', 'postgres'].map((database) => startServer({ database })));
  try {
    await Promise.all(servers.map((server, place) => rotated(server, place === 1)));
  } finally {
    for (const server of servers) await server.discard();
  }
});

async function rotated(server, atOnce) {
  const here = await signUpReader(server);
  const before = await fetchToken(here);
  const [old] = await keysOf(server);
  const { key } = await runCommandJson(server, 'keys', 'rotate', ...(atOnce ? ['--now'] : []));
  assert.equal(key.state, atOnce ? 'signing' : 'waiting');
  await until('the new key to be published', async () => (await keysOf(server)).includes(key.kid), LOOKS);
  assert.deepEqual((await keysOf(server)).sort(), [old, key.kid].sort());
  const after = await fetchToken(here);
  assert.equal(decodeProtectedHeader(after).kid, atOnce ? key.kid : old);
  for (const token of [before, after]) await verifies(server, token);
  const { keys } = await runCommandJson(server, 'keys', 'list');
  assert.deepEqual(keys.map(({ state }) => state).sort(), atOnce ? ['retiring', 'signing'] : ['signing', 'waiting']);
  const again = await runCommand(server, 'keys', 'rotate');
  assert.equal(again.code, atOnce ? 0 : 1, 'none is added while one waits');
}
