/** One measured thing, beside what it is compared with. */
export interface Figure {
  readonly name: string;
  readonly unit: '/s' | 'ms' | 'us' | 'KB' | 'MB' | 'x';
  /** By endpoint or, where nothing is compared, by what was measured. */
  readonly values: Readonly<Record<string, number>>;
  /** The value that the goal is about: a ratio, or a value in `unit`. */
  readonly score: number;
  readonly goal: Goal;
}

export interface Goal {
  readonly kind: 'at_least' | 'at_most';
  readonly value: number;
  /** What the score is: `of splice`, or a unit. */
  readonly of: string;
  /** Why it cannot be asked of this machine: `2 cores`. The figure is shown, and counts neither way. */
  readonly notAsked?: string;
}

export const atLeast = (value: number, of: string): Goal => ({ kind: 'at_least', value, of });
export const atMost = (value: number, of: string): Goal => ({ kind: 'at_most', value, of });

export const isMet = ({ score, goal }: Figure): boolean =>
  goal.kind === 'at_least' ? score >= goal.value : score <= goal.value;

/** A goal that a machine with fewer cores cannot be asked for. */
export const fromCores = (least: number, cores: number, goal: Goal): Goal =>
  cores < least ? { ...goal, notAsked: `${cores} cores` } : goal;

export const isAsked = ({ goal }: Figure): boolean => goal.notAsked === undefined;

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Nearest rank. `NaN` of nothing. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? NaN;
}

const digits = (value: number): string => {
  if (!Number.isFinite(value)) return '-';
  return value >= 1000 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(3);
};

/** `on`: when it was measured. */
export function rowOf(figure: Figure, on: string): string {
  const { name, unit, values, score, goal } = figure;
  const shown = Object.entries(values).map(([label, value]) => `${label} ${digits(value)}`);
  const asked = `${goal.kind === 'at_least' ? 'at least' : 'at most'} ${goal.value} ${goal.of}`;
  return `| ${name} | ${shown.join(', ')} ${unit} | ${digits(score)} | ${asked} | ${metOf(figure)} | ${on} |`;
}

function metOf(figure: Figure): string {
  if (!isAsked(figure)) return `not asked of ${figure.goal.notAsked}`;
  return isMet(figure) ? 'yes' : 'no';
}

export const tableHead = '| measured | figures | score | goal | met | on |\n| --- | --- | --- | --- | --- | --- |';
