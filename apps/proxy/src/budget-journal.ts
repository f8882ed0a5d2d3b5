import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { mostToldUses, readUses, tellUses } from '@sallyport/policy';
import type { BudgetUse, ToldUse } from '@sallyport/policy';
import { z } from 'zod';

/** Whose use: this proxy's, or all the others' as far as it was told. */
export type Whose = 'own' | 'others';

export interface Counted {
  /** Names this count: the control plane keeps what was told under it. */
  readonly life: string;
  readonly own: readonly BudgetUse[];
  readonly others: readonly BudgetUse[];
}

/** What was used of budgets, on disk: a proxy that restarts alone does not begin at zero. */
export interface BudgetJournal {
  append(whose: Whose, uses: readonly BudgetUse[]): Promise<void>;
  close(): Promise<void>;
}

export interface BudgetJournalInput {
  readonly directory: string;
  readonly now: number;
  readonly mint: () => string;
  /** Lines that could not be read: what they held is lost. */
  readonly onDamage: (lines: number) => void;
}

const use = z.strictObject({
  connection: z.string(),
  principal: z.string(),
  policy: z.string(),
  measure: z.string(),
  window: z.number(),
  slots: z.array(z.strictObject({ number: z.number(), used: z.number() })),
});
const line = z.union([
  z.strictObject({ life: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/) }),
  z.strictObject({ own: z.array(use) }),
  z.strictObject({ others: z.array(use) }),
]);

/** What is longer is written anew, without what was said twice or is over. */
const longest = 4 * 1024 * 1024;

/**
 * One line for each thing that was heard or counted, the newest last. Amounts only grow, so lines may be repeated, and of
 * one slot the largest counts. Written before it is told: nobody knows more of this proxy's use than it does itself.
 */
export const openBudgetJournal = async (
  input: BudgetJournalInput,
  whole: () => Pick<Counted, 'own' | 'others'>,
): Promise<{ readonly counted: Counted; readonly journal: BudgetJournal }> => {
  const path = join(input.directory, 'budgets.jsonl');
  const counted = read(path, input);
  let size = 0;
  let handle: FileHandle | undefined;

  const rewrite = async ({ own, others }: Pick<Counted, 'own' | 'others'>): Promise<void> => {
    await handle?.close();
    handle = undefined;
    const text = [JSON.stringify({ life: counted.life }), ...linesOf('own', own), ...linesOf('others', others)];
    const bytes = Buffer.from(`${text.join('\n')}\n`);
    mkdirSync(input.directory, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, bytes, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    handle = await open(path, 'a', 0o600);
    size = bytes.length;
  };
  await rewrite(counted);

  const add = async (whose: Whose, uses: readonly BudgetUse[]): Promise<void> => {
    // A line that was cut off by a full disk would spoil the next one.
    if (handle === undefined || size > longest) return rewrite(whole());
    const bytes = Buffer.from(`${linesOf(whose, uses).join('\n')}\n`);
    try {
      await handle.appendFile(bytes);
      await handle.datasync();
      size += bytes.length;
    } catch (error) {
      await handle.close().catch(() => undefined);
      handle = undefined;
      throw error;
    }
  };

  let before: Promise<void> = Promise.resolve();
  return {
    counted,
    journal: {
      append(whose, uses) {
        if (uses.length === 0) return Promise.resolve();
        const done = before.then(() => add(whose, uses));
        before = done.catch(() => undefined);
        return done;
      },
      async close() {
        await before;
        await handle?.close();
        handle = undefined;
      },
    },
  };
};

const linesOf = (whose: Whose, uses: readonly BudgetUse[]): readonly string[] => {
  const told = tellUses(uses);
  const lines: string[] = [];
  for (let at = 0; at < told.length; at += mostToldUses)
    lines.push(JSON.stringify({ [whose]: told.slice(at, at + mostToldUses) }));
  return lines;
};

const read = (path: string, { now, mint, onDamage }: BudgetJournalInput): Counted => {
  const own: BudgetUse[] = [];
  const others: BudgetUse[] = [];
  let life: string | undefined;
  let damaged = 0;
  const take = (told: readonly ToldUse[], into: BudgetUse[]): void => {
    const said = readUses(told, now);
    if (said.kind === 'read') into.push(...said.uses);
    else damaged += 1;
  };
  for (const text of linesIn(path)) {
    const parsed = line.safeParse(jsonOf(text));
    if (!parsed.success) damaged += 1;
    else if ('life' in parsed.data) ({ life } = parsed.data);
    else if ('own' in parsed.data) take(parsed.data.own, own);
    else take(parsed.data.others, others);
  }
  if (damaged > 0) onDamage(damaged);
  // Without its name a count cannot be gone on with; what others are told of it under its old name stays.
  return { life: life ?? mint(), own: life === undefined ? [] : own, others };
};

const linesIn = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((text) => text !== '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
