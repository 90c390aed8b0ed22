// The program as an operator meets it: arguments, an environment of its own, a folder, an exit code and what it says.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from './environment.mjs';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A fresh folder to work in; `files` maps names to their text. */
export function createFolder(files = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bookplate-end2end-'));
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder, files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

export function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/** Each process begins elsewhere and goes on upwards, so that two do not find the same port free at once. */
let nextPort = (process.pid * 61) % 10_000;

/** A free loopback port below the range the kernel hands out, so that a restart finds it free again. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + nextPort;
    nextPort = (nextPort + 1) % 10_000;
    const free = await new Promise((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Starts the program and gathers its output. Nothing of our own environment reaches it but the coverage file's name. */
export class Program {
  constructor({ args = [], env = {}, folder }) {
    const given = Object.entries(env).filter(([, value]) => value !== undefined);
    const coverage = process.env.LLVM_PROFILE_FILE ? { LLVM_PROFILE_FILE: process.env.LLVM_PROFILE_FILE } : {};
    this.output = '';
    this.ended = undefined;
    this.child = spawn(binary, args, {
      cwd: folder,
      env: { ...Object.fromEntries(given), ...coverage },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
    this.end = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        this.ended = { code, signal, output: this.output };
        resolve(this.ended);
      });
    });
  }

  signal(name) {
    this.child.kill(name);
  }

  /** The end of the program; one that does not end in time is killed and told so. */
  async finish(within = 20_000) {
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, within, undefined)));
    const ended = await Promise.race([this.end, late]);
    clearTimeout(timer);
    if (ended) return ended;
    this.signal('SIGKILL');
    await this.end;
    throw new Error(`the program did not end within ${within} ms; it said:\n${this.output}`);
  }
}

/** Runs the program to its end in a fresh folder: `{ code, signal, output }`. */
export async function runToEnd({ args = [], env = {}, files = {}, folder } = {}) {
  const place = folder ?? createFolder(files);
  try {
    return await new Program({ args, env, folder: place }).finish();
  } finally {
    if (!folder) removeFolder(place);
  }
}
