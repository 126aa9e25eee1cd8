// Prints the closing line of a test run, `N passed, N failed`, from the report that the run wrote.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync('test-report.json', 'utf8'));
const skipped = report.numPendingTests + report.numTodoTests;
// A file that failed before its first test has no test to count: it counts as one.
const broken = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const tail = skipped > 0 ? `, ${skipped} skipped` : '';
console.log(`${report.numPassedTests} passed, ${report.numFailedTests + broken} failed${tail}`);
