// npm run bench: ratios within one run, medians of seven rounds, minimum and maximum in brackets.
import { growth } from './growth.mjs';

console.log('Cost of one operation in a stack of 100 and of 100,000 resources');
console.table(
  Object.fromEntries(
    (await growth()).map(({ operation, small, large, ratio }) => [
      operation,
      { '100 resources': small, '100,000 resources': large, ratio: ratio.toFixed(2) },
    ]),
  ),
);
