import { join } from 'node:path';
import { SpoolFailure } from './failure.js';

/**
 * One process per directory. The lock is the system's own on an open file (SQLite takes it, nothing is written): it ends
 * with its process, however that ends, and no number of a process that is used again can be taken for its holder.
 *
 * @throws SpoolFailure
 */
export function lockDirectory(directory: string): () => void {
  // Loaded here: programs that keep no evidence run without it.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const path = join(directory, 'lock');
  try {
    const file = new DatabaseSync(path, { timeout: 0 });
    try {
      file.exec('begin exclusive');
    } catch (cause) {
      file.close();
      throw cause;
    }
    return () => file.close();
  } catch (cause) {
    // SQLITE_BUSY
    if (Reflect.get(cause as object, 'errcode') === 5)
      throw new SpoolFailure('locked', `${directory} is in use by another process`, { cause });
    throw new SpoolFailure('io', `${path} cannot be locked: is the directory writable?`, { cause });
  }
}
