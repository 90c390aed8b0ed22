// The browser's own crashes in a Playwright report. A renderer that dies says nothing about what was expected of the page,
// unless it dies again.

const CRASHED = /\b(?:Target|Page) crashed\b/;

function* tests({ suites = [], specs = [] }) {
  for (const suite of suites) yield* tests(suite);
  for (const { title, tests: runs } of specs) for (const run of runs) yield { title, ...run };
}

/** The titles of what failed in this report, if the browser crashed under each of them; otherwise none. */
export function crashes(report) {
  const failed = [...tests(report)].filter(({ status }) => status !== 'expected');
  const crashed = ({ results }) => CRASHED.test(results.at(-1)?.errors[0]?.message ?? '');
  return report.errors.length === 0 && failed.every(crashed) ? failed.map(({ title, projectName }) => `[${projectName}] ${title}`) : [];
}
