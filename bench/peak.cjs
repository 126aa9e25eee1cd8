// Required before a program: tells its largest resident memory, in KiB, on the last line of standard error.
process.on('exit', () => process.stderr.write(`\n${process.resourceUsage().maxRSS}`));
