import type { Figure } from './figure.js';

const width = 640;
const bar = 26;
const left = 120;

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Bars of one figure, as an SVG that reads well on light and dark pages. */
export function drawChart({ name, unit, values }: Figure): string {
  const entries = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  const most = Math.max(...entries.map(([, value]) => value), Number.MIN_VALUE);
  const height = 44 + entries.length * (bar + 8);
  const bars = entries.map(([label, value], index) => {
    const y = 36 + index * (bar + 8);
    const length = Math.max(1, Math.round((value / most) * (width - left - 110)));
    const color = label === 'Sallyport' ? '#0d9488' : '#94a3b8';
    return `  <text x="${left - 8}" y="${y + 18}" text-anchor="end">${escapeXml(label)}</text>
  <rect x="${left}" y="${y}" width="${length}" height="${bar}" rx="3" fill="${color}"/>
  <text x="${left + length + 8}" y="${y + 18}">${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#64748b" role="img">
  <title>${escapeXml(name)}</title>
  <text x="8" y="22" font-weight="600">${escapeXml(name)}</text>
${bars.join('\n')}
</svg>
`;
}
