/** An array item that is named by one of its fields: `[?(@.id=="a")]`. */
export interface ItemStep {
  readonly field: string;
  readonly id: string;
}

/** A key, an index, or an item by its identity. */
export type PathStep = string | number | ItemStep;

const STEP =
  /\.([\p{L}_$][\p{L}\p{N}_$-]*)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|\[\?\(@\.(id|key|name)==("(?:[^"\\]|\\.)*")\)\]/uy;

/**
 * The steps of a path as written by a diff, which starts with `$`.
 * @throws Error for any other text: paths are written by this library
 */
export function pathSteps(path: string): PathStep[] {
  const steps: PathStep[] = [];
  const step = new RegExp(STEP);
  step.lastIndex = 1;
  while (step.lastIndex < path.length) {
    const found = step.exec(path);
    if (!found) throw new Error(`no path of a difference: ${path}`);
    const [, plain, quoted, index, field, id] = found;
    if (field !== undefined && id !== undefined) steps.push({ field, id: JSON.parse(id) as string });
    else if (index !== undefined) steps.push(Number(index));
    else steps.push(plain ?? (JSON.parse(quoted ?? '') as string));
  }
  return steps;
}
