import { mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files that only we and what we start may read; gone when we are. */
export interface PrivateDirectory {
  readonly path: string;
  /** Whole or not at all: a reader never sees half of it. */
  write(name: string, content: string): string;
  remove(): void;
}

const prefix = 'sallyport-run-';

/** In memory where the system offers that (XDG_RUNTIME_DIR). */
export function openPrivateDirectory(env: NodeJS.ProcessEnv): PrivateDirectory {
  const runtime = env['XDG_RUNTIME_DIR'];
  const parent = runtime !== undefined && isDirectory(runtime) ? runtime : tmpdir();
  sweep(parent);
  // 0700: mkdtemp makes it so.
  const path = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  // Also when we crash.
  process.once('exit', remove);
  return {
    path,
    write: (name, content) => {
      const whole = join(path, name);
      writeFileSync(`${whole}.new`, content, { mode: 0o600 });
      renameSync(`${whole}.new`, whole);
      return whole;
    },
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

/** What somebody left behind who was killed (SIGKILL) before it could clean up. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    try {
      if (statSync(path).uid === process.getuid?.()) rmSync(path, { recursive: true, force: true });
    } catch {
      // Somebody else swept it.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
