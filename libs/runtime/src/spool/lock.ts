import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SpoolFailure } from './failure.js';

/** One process per directory; a lock whose process is gone is taken over. */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = openSync(path, 'wx', 0o600);
      writeSync(handle, `${process.pid} ${startOf(process.pid) ?? ''}`);
      closeSync(handle);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isHeld(path)) throw new SpoolFailure('locked', `${directory} is in use by another process`);
    rmSync(path, { force: true });
  }
  throw new SpoolFailure('locked', `${directory} could not be locked`);
}

function isHeld(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  const [pid = '', start = ''] = text.split(' ');
  if (!/^\d+$/.test(pid)) return false;
  const present = startOf(Number(pid));
  // A process number is used again after a while: the same number with another start is another process.
  return present !== undefined && (start === '' || start === present) && Number(pid) !== process.pid;
}

/** When a process started, in clock ticks since boot (Linux); empty where the system does not say; undefined: no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    try {
      process.kill(pid, 0);
      return '';
    } catch {
      return undefined;
    }
  }
}
