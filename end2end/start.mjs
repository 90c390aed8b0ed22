// How soon the server answers after its start, and what it holds in memory then: `node start.mjs`, on the release binary.
// The first start prepares its database; the others find it. The best of them counts: the machine may be busy.
import { readFileSync } from 'node:fs';
import { missing } from './harness/environment.mjs';
import { startServer } from './harness/server.mjs';

const STARTS = 5;
/** Milliseconds from the start of the process to its first answer. */
const SOONEST_AT_MOST = 500;
/** Megabytes of resident memory after that. */
const MEMORY_AT_MOST = 40;

const lacking = missing(['server']);
if (lacking.length) {
  console.error(lacking.join('\n'));
  process.exit(2);
}

/** Resident memory in megabytes; `undefined` where there is no /proc. */
function memoryOf(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;
  } catch {
    return undefined;
  }
}

const server = await startServer();
const [times, memory] = [[], memoryOf(server.program.child.pid)];
try {
  for (let start = 0; start < STARTS; start += 1) {
    await server.stop();
    const begun = performance.now();
    await server.boot();
    times.push(Math.round(performance.now() - begun));
  }
} finally {
  await server.discard();
}
const soonest = Math.min(...times);
console.log(`starts in ${times.join(', ')} ms, at most ${SOONEST_AT_MOST}; ${memory?.toFixed(1) ?? '?'} MB, at most ${MEMORY_AT_MOST}`);
if (soonest > SOONEST_AT_MOST || memory > MEMORY_AT_MOST) process.exitCode = 1;
