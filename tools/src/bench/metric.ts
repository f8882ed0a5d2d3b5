/** One metric of a program, from its health port. `NaN` where it has none of that name. */
export async function readMetric(healthUrl: string, name: string): Promise<number> {
  const metrics = await (await fetch(`${healthUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1]);
}
