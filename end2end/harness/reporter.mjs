// Counts the tests of a node:test run, for the last line of `npm test`. Skipped and unfinished tests count as failed.
export default async function* count(source) {
  const counted = { passed: 0, failed: 0 };
  const seen = new Set();
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const failedAsSuite = type === 'test:fail' && data.details?.error?.failureType === 'hookFailed';
    if (data.details?.type === 'suite' && !failedAsSuite) continue;
    if (isFile(data)) {
      if (type === 'test:fail' && !seen.has(data.file)) counted.failed += 1;
      continue;
    }
    if (type === 'test:fail') seen.add(data.file);
    const passed = type === 'test:pass' && data.skip === undefined && data.todo === undefined;
    counted[passed ? 'passed' : 'failed'] += 1;
  }
  yield JSON.stringify(counted);
}

/** node:test reports a whole file as a test of its own when it could not be run. */
function isFile({ nesting, name }) {
  return nesting === 0 && /\.test\.mjs$/.test(name);
}
