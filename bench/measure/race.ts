export interface Cost {
  /** Milliseconds. */
  readonly wall: number
  /** Milliseconds of all threads of this process, the engine's among them: hardly changed by what else the machine does. */
  readonly cpu: number
}

export interface Race {
  of(name: string): Cost
  /** What one costs in terms of another. */
  ratio(name: string, other: string): Cost
  /** All of them as a table, each beside the first. */
  print(title: string): void
}

/** What each costs in the middle of `times` runs. They take turns, so that a slow minute hits all alike. */
export async function race(
  racers: Readonly<Record<string, () => Promise<unknown>>>,
  times: number,
): Promise<Race> {
  const runs = Object.entries(racers)
  const costs = new Map<string, Cost[]>(runs.map(([name]) => [name, []]))
  // The first round warms the caches of all alike.
  for (let round = 0; round <= times; round++) {
    for (const [name, run] of turned(runs, round)) {
      const cost = await costOf(run)
      if (round > 0) costs.get(name)?.push(cost)
    }
  }
  return raceOf(new Map([...costs].map(([name, list]) => [name, middle(list)])))
}

/** So that nobody always runs behind the same one. */
export function turned<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}

export function raceOf(costs: ReadonlyMap<string, Cost>): Race {
  const of = (name: string): Cost => {
    const cost = costs.get(name)
    if (cost === undefined) throw new TypeError(`"${name}" has not run.`)
    return cost
  }
  return {
    of,
    ratio: (name, other) => ({
      wall: of(name).wall / of(other).wall,
      cpu: of(name).cpu / of(other).cpu,
    }),
    print(title) {
      const [first] = costs.keys()
      if (first === undefined) return
      console.log(`\n${title}`)
      console.table(
        Object.fromEntries(
          [...costs].map(([name, { wall, cpu }]) => [
            name,
            {
              ms: Number(wall.toFixed(1)),
              'cpu ms': Number(cpu.toFixed(1)),
              'times the first': Number((wall / of(first).wall).toFixed(2)),
              'by cpu': Number((cpu / of(first).cpu).toFixed(2)),
            },
          ]),
        ),
      )
    },
  }
}

export async function costOf(run: () => Promise<unknown>): Promise<Cost> {
  const [start, before] = [performance.now(), process.cpuUsage()]
  await run()
  const { user, system } = process.cpuUsage(before)
  return { wall: performance.now() - start, cpu: (user + system) / 1000 }
}

export function middle(costs: readonly Cost[]): Cost {
  return { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) }
}

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? 0
}
