import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle } from '@sallyport/contracts';

/** The last good bundle as it was signed, so that an agent which restarts alone goes on serving. */
export interface BundleFile {
  read(): Bundle | undefined;
  write(bundle: Bundle): void;
}

export function createBundleFile(directory: string): BundleFile {
  const path = join(directory, 'bundle.bin');
  return {
    read: () => {
      try {
        return Bundle.decode(readFileSync(path));
      } catch {
        // None yet, or torn: its signature would not hold either.
        return undefined;
      }
    },
    write: (bundle) => {
      writeFileSync(`${path}.new`, Bundle.encode(bundle).finish(), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}
