import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Analytics } from '@millimetric/core'

export const PROJECT = 'demo'

export interface DemoProject {
  id: string
  keys: { pk: string; sk: string; rk: string }
}

/**
 * The project of the demo with its keys, made on the first start. A key's secret is shown once and only its
 * hash is stored, so the demo keeps its keys in a file that nobody else may read.
 */
export async function openProject(
  analytics: Analytics,
  folder: string,
  origins: string[],
): Promise<DemoProject> {
  const file = join(folder, 'keys.json')
  const project = await analytics.projects.find(PROJECT)
  if (project === undefined) {
    const made = await analytics.projects.create({ slug: PROJECT, name: 'Demo', allowed_origins: origins })
    return save(file, { id: made.project.id, keys: made.keys })
  }
  if (project.allowed_origins.join() !== origins.join()) {
    await analytics.projects.update(project.id, { allowed_origins: origins })
  }
  return read(file, project.id) ?? save(file, { id: project.id, keys: await newKeys(analytics, project.id) })
}

async function newKeys(analytics: Analytics, project_id: string): Promise<DemoProject['keys']> {
  const mint = async (kind: 'pk' | 'sk' | 'rk'): Promise<string> =>
    (await analytics.keys.create({ project_id, kind, name: 'demo' })).secret
  return { pk: await mint('pk'), sk: await mint('sk'), rk: await mint('rk') }
}

/** Undefined when the file is missing, torn, or of another project: new keys are then made. */
function read(file: string, id: string): DemoProject | undefined {
  if (!existsSync(file)) return undefined
  try {
    const saved: Partial<DemoProject> = JSON.parse(readFileSync(file, 'utf8'))
    const { pk, sk, rk } = saved.keys ?? {}
    return saved.id === id && pk && sk && rk ? { id, keys: { pk, sk, rk } } : undefined
  } catch {
    return undefined
  }
}

function save(file: string, project: DemoProject): DemoProject {
  writeFileSync(`${file}.new`, `${JSON.stringify(project, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return project
}
