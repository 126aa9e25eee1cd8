// Prints the closing line of a test run, `N passed, N failed`, from the reports that `npm test` and `npm run test:long` wrote.
// Its argument is the exit code of the run.
import { existsSync, readFileSync } from 'node:fs';

const FILES = ['test-report.json', 'test-report-long.json'];

const count = { passed: 0, failed: 0, skipped: 0 };
for (const file of FILES) {
  if (!existsSync(file)) {
    console.log(`${file} is missing: that run did not end`);
    count.failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(file, 'utf8'));
  count.passed += report.numPassedTests;
  count.skipped += report.numPendingTests + report.numTodoTests;
  // A file that failed before its first test has no test to count: it counts as one.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  count.failed += report.numFailedTests + broken.length;
}
if (count.failed === 0 && Number(process.argv[2] ?? 0) !== 0) {
  console.log('the run failed outside of its tests: search its output for "Unhandled Errors"');
  count.failed += 1;
}
const tail = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
console.log(`${count.passed} passed, ${count.failed} failed${tail}`);
