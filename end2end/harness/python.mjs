// Runs one of our Python scripts: JSON in on standard input, JSON out on standard output.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { python } from './environment.mjs';

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
