import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { readPages } from '../page.js';

interface Node {
  readonly name: string;
  readonly disabled: boolean;
  readonly workerOf?: string | null;
  readonly connectedAt: string | null;
  readonly lastSeenAt: string | null;
  readonly softwareVersion: string | null;
  readonly certificateExpiry: string | null;
  readonly manifestVersion: number;
  readonly refusal: string | null;
}

export function addNodes(program: Command, context: CommandContext): void {
  program
    .command('nodes')
    .description('proxies and agents: are they here, what have they been told, what did they refuse')
    .command('ls')
    .description('list proxies and agents')
    .addHelpText('after', '\nExamples:\n  sally nodes ls\n  sally nodes ls --json')
    .action(async () => {
      const limit = 10_000;
      const [proxies, agents] = [
        await readPages<Node>(context.client(), '/v1/proxies', { limit }),
        await readPages<Node>(context.client(), '/v1/agents', { limit }),
      ];
      context.output.value({ proxies: proxies.items, agents: agents.items }, () =>
        context.output.table(
          ['kind', 'name', 'state', 'last seen', 'version', 'certificate until', 'bundle', 'refused'],
          [
            ...proxies.items.map((node) => [
              node.workerOf == null ? 'proxy' : `worker of ${node.workerOf}`,
              ...describe(node),
            ]),
            ...agents.items.map((node) => ['agent', ...describe(node)]),
          ],
        ),
      );
    });
}

const describe = (node: Node): readonly string[] => [
  node.name,
  node.disabled ? 'disabled' : node.connectedAt === null ? 'away' : 'connected',
  node.lastSeenAt ?? 'never',
  node.softwareVersion ?? '',
  node.certificateExpiry ?? '',
  String(node.manifestVersion),
  node.refusal ?? '',
];
