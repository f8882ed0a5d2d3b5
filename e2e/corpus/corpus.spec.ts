import { afterAll, beforeAll, jest } from '@jest/globals';
import { execution } from './execution.js';
import { extraction } from './extraction.js';
import { readBenign, readFiles } from './files.js';
import { mouths } from './mouths.js';
import { openScene } from './scene.js';
import type { Scene } from './scene.js';
import { benign, statements } from './statements.js';

/** Statements by class: what must become of each, on the real wire. One stack for all. */
jest.setTimeout(30_000);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 240_000);
afterAll(() => scene.stop(), 60_000);

const present = (): Scene => scene;
const files = readFiles('meaning', 'masking');
statements(present, files);
execution(present, files);
extraction(present);
benign(present, readBenign());
// Last: of all that went before.
mouths(present);
