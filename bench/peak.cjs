// Required before a program: tells its largest resident memory, in KiB, on the last line of standard error. The system's own
// count begins with what the process that started it had.
const { readFileSync } = require('node:fs');

function peak() {
  try {
    return /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  } catch {
    return process.resourceUsage().maxRSS; // not Linux
  }
}

process.on('exit', () => process.stderr.write(`\n${peak()}`));
