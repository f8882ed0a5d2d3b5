import { pgbench } from '../pgbench.js';
import { framesOf, profileWhile } from '../profile.js';
import type { Frame } from '../profile.js';
import type { Scene } from '../scene.js';

/** Where the proxy's time goes under eight clients that select by key with a prepared statement. */
export async function profileProxy({ stack, sallyport, seconds, inspectPorts, settled }: Scene): Promise<Frame> {
  const drive = () => pgbench(sallyport, ['-S', '-M', 'prepared', '-c', '8', '-T', String(seconds)]);
  for (let time = 0; time < 4; time++) await drive();
  await settled();
  return framesOf(await profileWhile(stack.programs.get('proxy')?.pid ?? 0, inspectPorts.proxy, drive));
}
