import { afterAll, beforeAll, jest } from '@jest/globals';
import { differential } from '../differential/differential.js';
import { cancels } from './cancels.js';
import { ends } from './ends.js';
import { large } from './large.js';
import { messages } from './messages.js';
import { pipelines } from './pipelines.js';
import { openScene } from './scene.js';
import type { Scene } from './scene.js';
import { restarts } from './restarts.js';
import { sockets } from './sockets.js';
import { startup } from './startup.js';
import { texts } from './texts.js';

/** Corners of the protocol: what the target says to a client that is there itself, and through the gateway. One stack for all. */
jest.setTimeout(60_000);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 240_000);
afterAll(() => scene.stop(), 60_000);

const present = (): Scene => scene;
startup(present);
pipelines(present);
cancels(present);
messages(present);
texts(present);
ends(present);
sockets(present);
large(present);
differential(present);
restarts(present);
