export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Beyond this many cells the middle is told as replaced: a diff must not cost more than reading it. */
const mostCells = 4_000_000;

/** What happened to the lines of a text, by the longest common subsequence of what lies between equal ends. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const one = before.split('\n');
  const two = after.split('\n');
  let head = 0;
  while (head < one.length && head < two.length && one[head] === two[head]) head++;
  let tail = 0;
  while (tail < one.length - head && tail < two.length - head && one.at(-1 - tail) === two.at(-1 - tail)) tail++;
  const same = (texts: readonly string[]): DiffLine[] => texts.map((text) => ({ kind: 'same', text }));
  return [
    ...same(one.slice(0, head)),
    ...middle(one.slice(head, one.length - tail), two.slice(head, two.length - tail)),
    ...same(one.slice(one.length - tail)),
  ];
}

function middle(one: readonly string[], two: readonly string[]): readonly DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text });
  const added = (text: string): DiffLine => ({ kind: 'added', text });
  if (one.length * two.length > mostCells) return [...one.map(removed), ...two.map(added)];
  const width = two.length + 1;
  const common = new Uint32Array((one.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = one.length - 1; row >= 0; row--)
    for (let column = two.length - 1; column >= 0; column--)
      common[row * width + column] =
        one[row] === two[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < one.length && column < two.length) {
    const text = one[row] ?? '';
    if (text === two[column]) {
      lines.push({ kind: 'same', text });
      row++;
      column++;
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      lines.push(removed(text));
      row++;
    } else {
      lines.push(added(two[column] ?? ''));
      column++;
    }
  }
  return [...lines, ...one.slice(row).map(removed), ...two.slice(column).map(added)];
}
