import { escapeXml } from './chart.js';
import type { Frame } from './profile.js';

const width = 1200;
const line = 17;
/** Narrower ones are not drawn, in parts of the whole. */
const least = 0.002;

/** A flame graph: as wide as it took long, callers below, hover for the numbers. */
export function drawFlame(root: Frame, title: string): string {
  const depth = depthOf(root, root.total);
  const height = 40 + depth * line;
  const drawn: string[] = [];
  const draw = (frame: Frame, left: number, level: number): void => {
    const wide = (frame.total / root.total) * width;
    const y = height - (level + 1) * line;
    const share = `${((frame.total / root.total) * 100).toFixed(1)} %`;
    const label = wide > 40 ? escapeXml(frame.name.slice(0, Math.floor(wide / 6.5))) : '';
    drawn.push(
      `<g><title>${escapeXml(`${frame.name} ${frame.room}`)}: ${share}</title>` +
        `<rect x="${left.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${line - 1}" fill="${colorOf(frame)}"/>` +
        `<text x="${(left + 3).toFixed(1)}" y="${y + 12}">${label}</text></g>`,
    );
    let at = left;
    for (const child of [...frame.children.values()].sort((one, other) => other.total - one.total)) {
      if (child.total < root.total * least) continue;
      draw(child, at, level + 1);
      at += (child.total / root.total) * width;
    }
  };
  draw(root, 0, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, monospace" font-size="11" role="img">
<title>${escapeXml(title)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="8" y="20" font-size="14">${escapeXml(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

const depthOf = (frame: Frame, all: number): number =>
  1 +
  Math.max(
    0,
    ...[...frame.children.values()].filter((child) => child.total >= all * least).map((child) => depthOf(child, all)),
  );

const colorOf = ({ room }: Frame): string => {
  if (room.startsWith('apps/')) return '#5eead4';
  if (room.startsWith('libs/')) return '#99f6e4';
  if (room.startsWith('node:')) return '#e2e8f0';
  return room === '' ? '#fde68a' : '#fecaca';
};
