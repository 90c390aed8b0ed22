// Runs commands of the program on the database of a running server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { binary } from './environment.mjs';

/** Runs `bookplate ARGS` beside this server, in its folder and with its settings: `{ code, out, err, json }`. */
export function runCommand(server, ...args) {
  const env = Object.fromEntries(Object.entries(server.env).filter(([, value]) => value !== undefined));
  const child = spawn(binary, args, { cwd: server.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.err += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said, json: parsed(said.out) }));
  });
}

/** Runs a command that must succeed and returns its JSON output. */
export async function runCommandJson(server, ...args) {
  const { code, err, json } = await runCommand(server, ...args, '--json');
  assert.equal(code, 0, err);
  return json;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
