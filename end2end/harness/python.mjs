// Runs Python scripts: one-shot scripts and servers.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { python } from './environment.mjs';

/** Milliseconds within which a server script must be ready. */
const START = 20_000;

/** Runs a script: JSON in on standard input, JSON out on standard output. */
export function callPython(script, message, folder = new URL('.', import.meta.url)) {
  const child = spawn(python, [fileURLToPath(new URL(script, folder))], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString('utf8');
  });
  child.stdin.end(JSON.stringify(message));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${script} ended with ${code}: ${err()}`));
      else resolve(JSON.parse(out()));
    });
  });
}

/** Starts a server script: `firstLine` is the line it prints when it is ready. */
export async function startPython(script, args, folder = new URL('.', import.meta.url)) {
  const path = fileURLToPath(new URL(script, folder));
  const child = spawn(python, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = new Promise((resolve) => child.once('close', () => resolve()));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  child.once('error', (error) => (errors += error.message));
  const ready = new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  end.then(() => process.off('exit', killed));
  const late = setTimeout(killed, START);
  const firstLine = await Promise.race([ready, end]).finally(() => clearTimeout(late));
  if (typeof firstLine !== 'string') throw new Error(`${script} ended at its start: ${errors}`);
  const stop = () => {
    child.kill();
    return end;
  };
  return { firstLine, stop };
}
